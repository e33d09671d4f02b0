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
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct statx_result
    {
        [FieldOffset(20)]
        internal uint stx_uid;

        [FieldOffset(24)]
        internal uint stx_gid;

        [FieldOffset(28)]
        internal ushort stx_mode;

        [FieldOffset(32)]
        internal ulong stx_ino;

        [FieldOffset(40)]
        internal ulong stx_size;

        [FieldOffset(48)]
        internal ulong stx_blocks;

        [FieldOffset(128)]
        internal uint stx_rdev_major;

        [FieldOffset(132)]
        internal uint stx_rdev_minor;
    }

    /// <summary>The encoding of sys/sysmacros.h for majors below 4096.</summary>
    internal static ulong makedev(uint major, uint minor) => ((ulong)major << 8) | (minor & 0xFF) | ((ulong)(minor & ~0xFFu) << 12);
}
