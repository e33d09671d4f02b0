using System.IO.Enumeration;
using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;

namespace Dataplane.Linux.Mounts;

/// <summary>What a path leads to.</summary>
public enum FileKind
{
    Absent,
    Directory,
    Regular,
    Socket,
    CharacterDevice,
    BlockDevice,
    Other,
}

/// <summary>statx(2), for what System.IO does not tell.</summary>
public static class FileStatus
{
    private const long BlockSize = 512;

    /// <summary>The kind of file at a path, at the end of its links.</summary>
    /// <exception cref="LinuxException">It cannot be known, as with EACCES.</exception>
    public static FileKind KindOf(string path)
    {
        var result = default(Libc.statx_result);
        if (Libc.statx(Libc.AT_FDCWD, path, 0, Libc.STATX_BASIC_STATS, ref result) < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            return errno is Errno.ENOENT or Errno.ENOTDIR ? FileKind.Absent : throw new LinuxException($"stat {path}", errno);
        }

        return (result.stx_mode & Libc.S_IFMT) switch
        {
            Libc.S_IFDIR => FileKind.Directory,
            Libc.S_IFREG => FileKind.Regular,
            Libc.S_IFSOCK => FileKind.Socket,
            Libc.S_IFCHR => FileKind.CharacterDevice,
            Libc.S_IFBLK => FileKind.BlockDevice,
            _ => FileKind.Other,
        };
    }

    /// <summary>Permission bits of what a path leads to, as chmod(2) takes them.</summary>
    /// <exception cref="LinuxException">There is nothing.</exception>
    public static int PermissionsOf(string path) => (int)(Of(path).stx_mode & ~Libc.S_IFMT);

    /// <summary>The group of what a path leads to.</summary>
    /// <inheritdoc cref="PermissionsOf"/>
    public static long GroupOf(string path) => Of(path).stx_gid;

    /// <summary>The number of what a path leads to, on its file system.</summary>
    /// <inheritdoc cref="PermissionsOf"/>
    public static ulong InodeOf(string path) => Of(path).stx_ino;

    /// <summary>Bytes that a directory and all below it take on their file system. Links are not followed; what goes meanwhile does not count.</summary>
    public static long AllocatedBytes(string directory)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = true };
        var below = new FileSystemEnumerable<long>(directory, static (ref FileSystemEntry entry) => Allocated(entry.ToFullPath()), options)
        {
            ShouldRecursePredicate = static (ref FileSystemEntry entry) => entry.IsDirectory && !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };
        var bytes = Allocated(directory);
        try
        {
            foreach (var one in below)
            {
                bytes += one;
            }
        }
        catch (DirectoryNotFoundException)
        {
            // It goes while it is looked at: the next look tells more.
        }

        return bytes;
    }

    private static Libc.statx_result Of(string path)
    {
        var result = default(Libc.statx_result);
        LinuxException.Check(Libc.statx(Libc.AT_FDCWD, path, 0, Libc.STATX_BASIC_STATS, ref result), $"stat {path}");
        return result;
    }

    private static long Allocated(string path)
    {
        var result = default(Libc.statx_result);
        return Libc.statx(Libc.AT_FDCWD, path, Libc.AT_SYMLINK_NOFOLLOW, Libc.STATX_BASIC_STATS, ref result) < 0 ? 0 : (long)result.stx_blocks * BlockSize;
    }
}
