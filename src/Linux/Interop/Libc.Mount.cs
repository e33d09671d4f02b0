using System.Runtime.InteropServices;

namespace Dataplane.Linux.Interop;

/// <summary>sys/mount.h and linux/mount.h.</summary>
internal static partial class Libc
{
    internal const ulong MS_BIND = 4096;
    internal const int MNT_DETACH = 2;

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mount(string? source, string target, string? filesystemType, ulong flags, string? data);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int umount2(string target, int flags);
}
