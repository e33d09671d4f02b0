using System.Runtime.InteropServices;

namespace Dataplane.Linux.Interop;

/// <summary>sys/prctl.h and linux/seccomp.h, for calls that are prepared and made later by a thread that may do nothing else.</summary>
internal static partial class Libc
{
    internal const int PR_CAPBSET_DROP = 24;
    internal const int PR_SET_NO_NEW_PRIVS = 38;
    internal const int PR_CAP_AMBIENT = 47;
    internal const int PR_CAP_AMBIENT_CLEAR_ALL = 4;

    /// <summary>
    /// Without error bookkeeping. By number, and not by the C library's functions, because setresuid and its kin there change all
    /// threads of the process, and the kernel's only the calling one.
    /// </summary>
    [LibraryImport(Library, EntryPoint = "syscall")]
    internal static partial long syscall_bare(long number, nint a, nint b, nint c, nint d, nint e);
}
