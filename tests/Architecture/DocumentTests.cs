using System.Text.RegularExpressions;

namespace Dataplane.Architecture;

public sealed partial class DocumentTests
{
    public static TheoryData<string> Walks => [.. Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, "docs"), "life-of-*.md").Select(path => Path.GetFileName(path))];

    /// <summary>Files are moved and renamed; a reader who is sent to one that is not there stops reading.</summary>
    [Theory]
    [MemberData(nameof(Walks))]
    public void EveryPathThatAWalkNamesIsThere(string document)
    {
        var named = NamedPath().Matches(RepositoryFiles.Read($"docs/{document}")).Select(match => match.Groups[1].Value);
        Assert.All(named, path => Assert.True(Path.Exists(Path.Combine(RepositoryFiles.Root, path)), path));
    }

    /// <summary>The proxy's walks begin with a table of the files they go through.</summary>
    [Theory]
    [InlineData("life-of-a-packet.md")]
    [InlineData("life-of-a-service-update.md")]
    public void AWalkGoesThroughSixFilesAtMost(string document) =>
        Assert.InRange(RepositoryFiles.Read($"docs/{document}").Split('\n').Count(line => line.StartsWith('|') && line.Contains(".cs`", StringComparison.Ordinal)), 3, 6);

    [GeneratedRegex("`((?:src|tests|docs|bench|deploy)/[^`*]+)`")]
    private static partial Regex NamedPath();
}
