namespace Dataplane.Architecture;

/// <summary>The checkout the tests were built from.</summary>
internal static class RepositoryFiles
{
    internal static string Root { get; } = FindRoot();

    /// <summary>C# sources below a folder, as paths relative to the root.</summary>
    internal static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal));

    internal static string Read(string relative) => File.ReadAllText(Path.Combine(Root, relative));

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Dataplane.sln")))
        {
            directory = directory.Parent ?? throw new DirectoryNotFoundException("the tests run outside a checkout: no Dataplane.sln above them");
        }

        return directory.FullName;
    }
}
