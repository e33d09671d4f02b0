using Dataplane.Linux.Interop;

namespace Dataplane.Linux.Mounts;

/// <summary>The directories below a path without their files: what a program finds in a fresh /var/log.</summary>
internal static class DirectorySkeleton
{
    // Deeper trees are caches, not places that a program expects.
    private const int Depth = 3;

    internal static IReadOnlyList<Entry> Read(string top)
    {
        var entries = new List<Entry>();
        if (!Directory.Exists(top))
        {
            return entries;
        }

        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            MaxRecursionDepth = Depth,
            AttributesToSkip = FileAttributes.ReparsePoint,
        };
        foreach (var path in Directory.EnumerateDirectories(top, "*", options))
        {
            var status = default(Libc.statx_result);
            if (Libc.statx(Libc.AT_FDCWD, path, 0, Libc.STATX_BASIC_STATS, ref status) == 0)
            {
                entries.Add(new Entry(path, status.stx_mode & 0xFFFu, status.stx_uid, status.stx_gid));
            }
        }

        return entries;
    }

    internal static void Make(IReadOnlyList<Entry> entries)
    {
        foreach (var entry in entries)
        {
            Directory.CreateDirectory(entry.Path);
            LinuxException.Check(Libc.chown(entry.Path, entry.Owner, entry.Group), $"chown {entry.Path}");
            LinuxException.Check(Libc.chmod(entry.Path, entry.Mode), $"chmod {entry.Path}");
        }
    }

    /// <param name="Mode">Permission bits.</param>
    internal readonly record struct Entry(string Path, uint Mode, uint Owner, uint Group);
}
