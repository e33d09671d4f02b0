using Dataplane.Linux.Interop;

namespace Dataplane.Linux.Mounts;

/// <summary>A device file of the machine, for a privileged container.</summary>
internal sealed record DeviceNode(string Path, uint Mode, uint Major, uint Minor, uint Owner, uint Group)
{
    private const uint TypeBits = 0xF000;
    private const uint CharacterType = 0x2000;
    private const uint BlockType = 0x6000;

    private static readonly string[] OwnInContainers = ["/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/fd", "/dev/console", "/dev/ptmx"];

    internal static List<DeviceNode> OfThisMachine()
    {
        var found = new List<DeviceNode>();
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };
        foreach (var path in Directory.EnumerateFiles("/dev", "*", options))
        {
            var status = default(Libc.statx_result);
            if (!OwnInContainers.Any(own => path == own || path.StartsWith(own + "/", StringComparison.Ordinal))
                && Libc.statx(Libc.AT_FDCWD, path, 0, Libc.STATX_BASIC_STATS, ref status) == 0
                && (status.stx_mode & TypeBits) is CharacterType or BlockType)
            {
                found.Add(new DeviceNode(path, status.stx_mode, status.stx_rdev_major, status.stx_rdev_minor, status.stx_uid, status.stx_gid));
            }
        }

        return found;
    }

    internal void Make()
    {
        if (File.Exists(Path))
        {
            return;
        }

        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        LinuxException.Check(Libc.mknod(Path, Mode, Libc.makedev(Major, Minor)), $"mknod {Path}");
        LinuxException.Check(Libc.chown(Path, Owner, Group), $"chown {Path}");
        LinuxException.Check(Libc.chmod(Path, Mode & ~TypeBits), $"chmod {Path}");
    }
}
