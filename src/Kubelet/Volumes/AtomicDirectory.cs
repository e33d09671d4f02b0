using System.Globalization;
using Dataplane.Kubelet.Pods;
using Dataplane.Linux.Mounts;
using FileMode = Dataplane.Linux.Mounts.FileMode;

namespace Dataplane.Kubelet.Volumes;

/// <summary>
/// A directory whose files change together: a program sees all of them old or all of them new. The layout is upstream's, which
/// programs that wait for changes know:
/// <code>
/// ..2026_11_25_12_00_00.1234567/app/a.conf    the files as they are now
/// ..data -> ..2026_11_25_12_00_00.1234567     the one link that a change replaces
/// app -> ..data/app                           one for each name at the top
/// </code>
/// </summary>
internal static class AtomicDirectory
{
    private const string Link = "..data";
    private const string Hidden = "..";
    private const int Everybody = 0x1FF;

    /// <summary>Makes the directory hold these files and no others; does nothing when it does already.</summary>
    /// <returns>Whether anything changed.</returns>
    /// <exception cref="ConfigurationException">A path leads out of the directory.</exception>
    internal static bool Write(string directory, IReadOnlyList<VolumeFile> files, DateTimeOffset now)
    {
        if (files.FirstOrDefault(file => Path.IsPathRooted(file.Path) || file.Path.Length == 0 || file.Path.Split('/').Contains("..")) is { } outside)
        {
            throw new ConfigurationException($"invalid path: must be relative path: {outside.Path}");
        }

        if (!Directory.Exists(directory))
        {
            Directory.CreateDirectory(directory);
            FileMode.Set(directory, Everybody);
        }

        var link = Path.Combine(directory, Link);
        if (new FileInfo(link).LinkTarget is { } current && Holds(Path.Combine(directory, current), files))
        {
            return false;
        }

        var version = WriteVersion(directory, files, now);
        SymbolicLink.Replace(link, version);
        ShowNames(directory, [.. files.Select(file => file.Path.Split('/')[0])]);
        foreach (var old in Directory.EnumerateDirectories(directory, Hidden + "*").Where(path => Path.GetFileName(path) is var name && name != version && name != Link))
        {
            Directory.Delete(old, recursive: true);
        }

        return true;
    }

    private static bool Holds(string version, IReadOnlyList<VolumeFile> files) =>
        Directory.Exists(version)
        && Directory.EnumerateFiles(version, "*", SearchOption.AllDirectories).Count() == files.DistinctBy(file => file.Path).Count()
        && files.All(file => Path.Combine(version, file.Path) is var path && File.Exists(path)
            && FileStatus.PermissionsOf(path) == (file.Mode & Everybody)
            && File.ReadAllBytes(path).AsSpan().SequenceEqual(file.Content));

    /// <returns>Its name.</returns>
    private static string WriteVersion(string directory, IReadOnlyList<VolumeFile> files, DateTimeOffset now)
    {
        var name = Hidden + now.ToString("yyyy_MM_dd_HH_mm_ss", CultureInfo.InvariantCulture) + "." + Path.GetRandomFileName().Replace(".", "", StringComparison.Ordinal);
        var version = Path.Combine(directory, name);
        Directory.CreateDirectory(version);
        foreach (var file in files)
        {
            var path = Path.Combine(version, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, file.Content);
            FileMode.Set(path, file.Mode & Everybody);
        }

        return name;
    }

    private static void ShowNames(string directory, HashSet<string> names)
    {
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos().Where(entry => !entry.Name.StartsWith(Hidden, StringComparison.Ordinal)))
        {
            var target = $"{Link}/{entry.Name}";
            if (names.Contains(entry.Name) && entry.LinkTarget == target)
            {
                names.Remove(entry.Name);
            }
            else if (entry is DirectoryInfo { LinkTarget: null } tree)
            {
                tree.Delete(recursive: true);
            }
            else
            {
                entry.Delete();
            }
        }

        foreach (var name in names)
        {
            File.CreateSymbolicLink(Path.Combine(directory, name), $"{Link}/{name}");
        }
    }
}
