using System.Runtime.InteropServices;

namespace Dataplane.Linux.Interop;

/// <summary>sched.h and linux/sched.h.</summary>
internal static partial class Libc
{
    internal const string Library = "libc";

    internal const int CLONE_FS = 0x00000200;
    internal const int CLONE_NEWNS = 0x00020000;
    internal const int CLONE_NEWUTS = 0x04000000;
    internal const int CLONE_NEWIPC = 0x08000000;
    internal const int CLONE_NEWPID = 0x20000000;
    internal const int CLONE_NEWNET = 0x40000000;

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int unshare(int flags);

    /// <summary>unshare without error bookkeeping, for the last step before a spawn; the errno stays in the C library.</summary>
    [LibraryImport(Library, EntryPoint = "unshare")]
    internal static partial int unshare_bare(int flags);

    /// <summary>setns likewise.</summary>
    [LibraryImport(Library, EntryPoint = "setns")]
    internal static partial int setns_bare(int fd, int nstype);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setns(SafeHandle fd, int nstype);
}
