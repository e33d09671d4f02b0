using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;

namespace Dataplane.Linux.Mounts;

/// <summary>mount(2) with an exception that names the target.</summary>
public static class MountCall
{
    /// <summary>Mounts a memory file system in the calling thread's mount namespace.</summary>
    /// <param name="options">As tmpfs takes them: <c>mode=0755,size=1m</c>.</param>
    public static void Memory(string target, string options) => Mount("tmpfs", target, "tmpfs", Libc.MS_NOSUID | Libc.MS_NODEV, options);

    /// <summary>Makes a file or directory seen a second time, on a target of the same kind.</summary>
    public static void Bind(string source, string target) =>
        LinuxException.Check(Libc.mount(source, target, null, Libc.MS_BIND | Libc.MS_REC, null), $"mount {source} on {target}");

    /// <summary>Detaches what is mounted on a path. True when something was.</summary>
    public static bool Detach(string target)
    {
        if (Libc.umount2(target, Libc.MNT_DETACH) == 0)
        {
            return true;
        }

        var errno = Marshal.GetLastPInvokeError();
        return errno is Errno.ENOENT or Errno.EINVAL ? false : throw new LinuxException($"umount {target}", errno);
    }

    /// <summary>Mount points of this process's mount namespace at or below a directory, the deepest last mounted first.</summary>
    public static IReadOnlyList<string> Below(string directory)
    {
        var found = new List<string>();
        foreach (var line in File.ReadLines("/proc/self/mountinfo"))
        {
            var target = Unescape(line.Split(' ')[4]);
            if (target == directory || target.StartsWith(directory.TrimEnd('/') + "/", StringComparison.Ordinal))
            {
                found.Add(target);
            }
        }

        found.Reverse();
        return found;
    }

    internal static void Mount(string source, string target, string type, ulong flags, string? data) =>
        LinuxException.Check(Libc.mount(source, target, type, flags, data), $"mount {type} on {target}");

    /// <summary>proc_pid_mountinfo(5): blanks, tabs, line ends and backslashes stand as three octal digits.</summary>
    private static string Unescape(string field) => field
        .Replace(@"\040", " ", StringComparison.Ordinal)
        .Replace(@"\011", "\t", StringComparison.Ordinal)
        .Replace(@"\012", "\n", StringComparison.Ordinal)
        .Replace(@"\134", @"\", StringComparison.Ordinal);
}
