using System.Runtime.InteropServices;

namespace Dataplane.Linux.Interop;

/// <summary>sys/stat.h and sys/sysmacros.h.</summary>
internal static partial class Libc
{
    internal const uint S_IFMT = 0xf000;
    internal const uint S_IFSOCK = 0xc000;
    internal const uint S_IFREG = 0x8000;
    internal const uint S_IFBLK = 0x6000;
    internal const uint S_IFDIR = 0x4000;
    internal const uint S_IFCHR = 0x2000;
    internal const uint STATX_BASIC_STATS = 0x7ff;

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mkfifo(string path, uint mode);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mknod(string path, uint mode, ulong device);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int chmod(string path, uint mode);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statx(int directory, string path, int flags, uint mask, ref statx_result result);

    /// <summary>struct statx; 256 bytes and, unlike struct stat, the same on every architecture.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    internal struct statx_result
    {
        internal uint stx_mask;
        internal uint stx_blksize;
        internal ulong stx_attributes;
        internal uint stx_nlink;
        internal uint stx_uid;
        internal uint stx_gid;
        internal ushort stx_mode;
        internal ushort padding;
        internal ulong stx_ino;
        internal ulong stx_size;
        internal ulong stx_blocks;
    }

    /// <summary>The encoding of sys/sysmacros.h for minors and majors below 256 and 4096.</summary>
    internal static ulong makedev(uint major, uint minor) => (major << 8) | minor;
}
