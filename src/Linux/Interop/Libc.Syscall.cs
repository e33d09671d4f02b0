using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Interop;

/// <summary>
/// System calls that glibc wraps only since 2.36 (Debian 12 has it, Ubuntu 22.04 has not), by their numbers in
/// asm-generic/unistd.h: numbers above 423 are the same on every architecture.
/// </summary>
internal static partial class Libc
{
    private const long SYS_pidfd_send_signal = 424;
    private const long SYS_open_tree = 428;
    private const long SYS_move_mount = 429;
    private const long SYS_pidfd_open = 434;
    private const long SYS_openat2 = 437;

    internal const int AT_FDCWD = -100;
    internal const int AT_SYMLINK_NOFOLLOW = 0x100;
    internal const int AT_RECURSIVE = 0x8000;
    internal const int OPEN_TREE_CLONE = 1;
    internal const int OPEN_TREE_CLOEXEC = 0x80000;
    internal const int MOVE_MOUNT_F_EMPTY_PATH = 4;

    internal static SafeFileHandle pidfd_open(int pid) => new((nint)syscall(SYS_pidfd_open, pid, 0, 0, 0, 0), ownsHandle: true);

    internal static int pidfd_send_signal(SafeHandle process, int signal)
    {
        using var held = new HeldHandle(process);
        return (int)syscall(SYS_pidfd_send_signal, held.Value, signal, 0, 0, 0);
    }

    /// <summary>A detached copy of the mount (and, with AT_RECURSIVE, of those below it) that a path leads to.</summary>
    internal static unsafe SafeFileHandle open_tree(string path, int flags)
    {
        fixed (byte* bytes = Utf8(path))
        {
            return new SafeFileHandle((nint)syscall(SYS_open_tree, AT_FDCWD, (nint)bytes, flags, 0, 0), ownsHandle: true);
        }
    }

    /// <summary>Attaches what <see cref="open_tree"/> gave.</summary>
    internal static unsafe int move_mount(SafeHandle tree, string target)
    {
        using var held = new HeldHandle(tree);
        fixed (byte* empty = "\0"u8, path = Utf8(target))
        {
            return (int)syscall(SYS_move_mount, held.Value, (nint)empty, AT_FDCWD, (nint)path, MOVE_MOUNT_F_EMPTY_PATH);
        }
    }

    /// <summary>linux/openat2.h: what a path may lead through.</summary>
    internal const ulong RESOLVE_NO_MAGICLINKS = 2;
    internal const ulong RESOLVE_BENEATH = 8;

    /// <param name="path">Relative to the directory.</param>
    internal static unsafe SafeFileHandle openat2(SafeHandle directory, string path, int flags, ulong resolve)
    {
        using var held = new HeldHandle(directory);
        var how = new open_how { flags = (ulong)flags, resolve = resolve };
        fixed (byte* bytes = Utf8(path))
        {
            return new SafeFileHandle((nint)syscall(SYS_openat2, held.Value, (nint)bytes, (nint)(&how), sizeof(open_how), 0), ownsHandle: true);
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct open_how
    {
        internal ulong flags;
        internal ulong mode;
        internal ulong resolve;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial long syscall(long number, nint a, nint b, nint c, nint d, nint e);

    /// <summary>With its terminating zero.</summary>
    internal static byte[] Utf8(string text)
    {
        var bytes = new byte[System.Text.Encoding.UTF8.GetByteCount(text) + 1];
        System.Text.Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }

    /// <summary>Keeps a handle from being closed while its number stands in a register or a kernel structure.</summary>
    internal readonly ref struct HeldHandle
    {
        private readonly SafeHandle _handle;
        private readonly bool _held;

        internal HeldHandle(SafeHandle handle)
        {
            _handle = handle;
            handle.DangerousAddRef(ref _held);
        }

        internal int Value => (int)_handle.DangerousGetHandle();

        public void Dispose()
        {
            if (_held)
            {
                _handle.DangerousRelease();
            }
        }
    }
}
