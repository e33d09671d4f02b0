using System.Text.RegularExpressions;

namespace Dataplane.Architecture;

public sealed partial class SourceTests
{
    private const int LongestFile = 600;

    [Fact]
    public void UnsafeCodeAndNativeCallsAreInLinuxOnly()
    {
        var offenders = RepositoryFiles.Sources("src")
            .Where(path => !path.StartsWith("src/Linux/", StringComparison.Ordinal))
            .Where(path => NativeCode().IsMatch(RepositoryFiles.Read(path)));
        Assert.Empty(offenders);
    }

    [Fact]
    public void NoFileIsTooLongToRead()
    {
        var offenders = RepositoryFiles.Sources("src").Concat(RepositoryFiles.Sources("tests"))
            .Select(path => (path, lines: RepositoryFiles.Read(path).Count(character => character == '\n')))
            .Where(file => file.lines > LongestFile);
        Assert.Empty(offenders);
    }

    [Fact]
    public void NamesSayWhatThingsAre()
    {
        var offenders = RepositoryFiles.Sources("src").Where(path => VagueName().IsMatch(Path.GetFileNameWithoutExtension(path)));
        Assert.Empty(offenders);
    }

    [Fact]
    public void NothingIsLeftForLater()
    {
        var offenders = RepositoryFiles.Sources("src").Concat(RepositoryFiles.Sources("tests"))
            .Where(path => !path.EndsWith("SourceTests.cs", StringComparison.Ordinal) && Leftover().IsMatch(RepositoryFiles.Read(path)));
        Assert.Empty(offenders);
    }

    [Fact]
    public void DocumentsNameFilesThatExist()
    {
        var documents = Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Append(Path.Combine(RepositoryFiles.Root, "README.md"));
        var missing = documents.SelectMany(document => SourcePath().Matches(File.ReadAllText(document))
            .Select(match => match.Value)
            .Where(path => !Path.Exists(Path.Combine(RepositoryFiles.Root, path)))
            .Select(path => $"{Path.GetFileName(document)}: {path}"));
        Assert.Empty(missing);
    }

    [GeneratedRegex(@"\bunsafe\b\s*[\{\w]|\[(DllImport|LibraryImport)\(|\bstackalloc\s+\w+\*")]
    private static partial Regex NativeCode();

    [GeneratedRegex("(Manager|Helper|Helpers|Util|Utils)$")]
    private static partial Regex VagueName();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK)\b|NotImplementedException|#region")]
    private static partial Regex Leftover();

    [GeneratedRegex(@"\b(src|tests|docs|bench|deploy)/[\w./-]*\w")]
    private static partial Regex SourcePath();
}
