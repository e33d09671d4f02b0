using System.Runtime.InteropServices;

namespace Dataplane.Linux.Interop;

/// <summary>sched.h and linux/sched.h.</summary>
internal static partial class Libc
{
    internal const string Library = "libc";

    internal const int CLONE_NEWNS = 0x00020000;
    internal const int CLONE_NEWUTS = 0x04000000;
    internal const int CLONE_NEWIPC = 0x08000000;
    internal const int CLONE_NEWPID = 0x20000000;
    internal const int CLONE_NEWNET = 0x40000000;

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int unshare(int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setns(SafeHandle fd, int nstype);
}
