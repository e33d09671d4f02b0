using System.Runtime.InteropServices;

namespace Dataplane.Linux.Interop;

/// <summary>The splice(2) part of fcntl.h, pipes, and plain read and write (unistd.h).</summary>
internal static partial class Libc
{
    internal const int O_NONBLOCK = 0x800;
    internal const int F_GETFL = 3;
    internal const int F_SETFL = 4;
    internal const int F_SETPIPE_SZ = 1031;
    internal const int F_GETPIPE_SZ = 1032;
    internal const uint SPLICE_F_MOVE = 1;
    internal const uint SPLICE_F_NONBLOCK = 2;

    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int pipe2(int* ends, int flags);

    /// <remarks>Offsets are null: neither end is a file with a position.</remarks>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint splice(SafeHandle from, nint fromOffset, SafeHandle to, nint toOffset, nuint length, uint flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fcntl(SafeHandle fd, int command, int argument);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint read(SafeHandle fd, ref byte buffer, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint write(SafeHandle fd, in byte buffer, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int close(int fd);
}
