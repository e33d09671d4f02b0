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
    /// <param name="directory">The volume.</param>
    /// <param name="files">What it is to show.</param>
    /// <param name="now">Part of a name.</param>
    /// <param name="group">Whose the files are (fsGroup); null for root's.</param>
    /// <returns>Whether anything changed.</returns>
    /// <exception cref="ConfigurationException">A path leads out of the directory.</exception>
    internal static bool Write(string directory, IReadOnlyList<VolumeFile> files, DateTimeOffset now, long? group = null)
    {
        if (files.FirstOrDefault(file => Path.IsPathRooted(file.Path) || file.Path.Length == 0 || file.Path.Split('/').Contains("..")) is { } outside)
        {
            throw new ConfigurationException($"invalid path: must be relative path: {outside.Path}");
        }

        if (group is not null)
        {
            files = [.. files.Select(file => file with { Mode = file.Mode | VolumeOwnership.Read })];
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

        var version = WriteVersion(directory, files, now, group);
        SymbolicLink.Replace(link, version);
        ShowNames(directory, [.. files.Select(file => file.Path.Split('/')[0])]);
        foreach (var old in Directory.EnumerateDirectories(directory, Hidden + "*").Where(path => Path.GetFileName(path) is var name && name != version && name != Link))
        {
            Directory.Delete(old, recursive: true);
        }

        if (group is { } owner)
        {
            VolumeOwnership.Set(directory, owner, isReadOnly: true);
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
    private static string WriteVersion(string directory, IReadOnlyList<VolumeFile> files, DateTimeOffset now, long? group)
    {
        var name = Hidden + now.ToString("yyyy_MM_dd_HH_mm_ss", CultureInfo.InvariantCulture) + "." + Path.GetRandomFileName().Replace(".", "", StringComparison.Ordinal);
        var version = Path.Combine(directory, name);
        Directory.CreateDirectory(version);
        foreach (var file in files)
        {
            var path = Path.Combine(version, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            Write(path, file);
        }

        // Before anybody sees them.
        if (group is { } owner)
        {
            VolumeOwnership.Set(version, owner, isReadOnly: true);
        }

        return name;
    }

    private static void Write(string path, VolumeFile file)
    {
        // Nobody else's until it is as it is to be: containers see the directory already.
        File.Delete(path);
        using (var stream = new FileStream(path, new FileStreamOptions { Mode = System.IO.FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        {
            stream.Write(file.Content);
        }

        if (file.User is { } user)
        {
            RootDirectory.SetOwner(path, (int)user, -1);
        }

        FileMode.Set(path, file.Mode & Everybody);
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
