using System.Runtime.InteropServices;

namespace Dataplane.Linux.Interop;

/// <summary>sys/wait.h and bits/types/siginfo_t.h.</summary>
internal static partial class Libc
{
    internal const int P_PID = 1;
    internal const int P_PIDFD = 3;
    internal const int WNOHANG = 1;
    internal const int WEXITED = 4;
    internal const int CLD_EXITED = 1;

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int waitid(int idType, uint id, ref siginfo_child info, int options);

    /// <summary>siginfo_t as waitid fills it on a 64-bit machine; 128 bytes. si_pid 0 means that nothing was waiting.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    internal struct siginfo_child
    {
        internal int si_signo;
        internal int si_errno;
        internal int si_code;
        internal int padding;
        internal int si_pid;
        internal uint si_uid;
        internal int si_status;
    }
}
