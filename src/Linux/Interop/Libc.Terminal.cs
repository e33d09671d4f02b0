using System.Runtime.InteropServices;

namespace Dataplane.Linux.Interop;

/// <summary>The terminal part of sys/ioctl.h and fcntl.h.</summary>
internal static partial class Libc
{
    internal const int O_NOCTTY = 0x100;
    internal const int F_DUPFD_CLOEXEC = 1030;
    internal const uint TIOCSWINSZ = 0x5414;
    internal const uint TIOCGPTN = 0x80045430;
    internal const uint TIOCSPTLCK = 0x40045431;

    /// <summary>The variable argument of every request used here is one pointer, which all ABIs pass as a fixed one.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int ioctl(SafeHandle fd, nuint request, ref int argument);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int ioctl(SafeHandle fd, nuint request, in window_size argument);

    /// <summary>struct winsize: numbers of characters; the pixels mean nothing to anybody.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal readonly struct window_size(ushort rows, ushort columns)
    {
        internal readonly ushort ws_row = rows;
        internal readonly ushort ws_col = columns;
        internal readonly ushort ws_xpixel;
        internal readonly ushort ws_ypixel;
    }
}
