using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Processes;

/// <summary>
/// A child of this process, held by a pidfd: signals cannot hit another process that got the number later.
/// Source: pidfd_open(2). Only waitid on this pidfd reaps it; the runtime's own SIGCHLD handling looks with WNOWAIT and
/// leaves children that it did not start.
/// </summary>
public sealed class ChildProcess : IDisposable
{
    private ChildProcess(int pid, SafeFileHandle descriptor)
    {
        Pid = pid;
        Descriptor = descriptor;
    }

    /// <summary>The process ID as this process sees it.</summary>
    public int Pid { get; }

    /// <summary>The pidfd; readable once the process has ended.</summary>
    internal SafeFileHandle Descriptor { get; }

    /// <summary>Sends a signal; false when the process has ended.</summary>
    public bool Signal(int signal)
    {
        if (Libc.pidfd_send_signal(Descriptor, signal) == 0)
        {
            return true;
        }

        var errno = Marshal.GetLastPInvokeError();
        return errno == Errno.ESRCH ? false : throw new LinuxException($"send signal {signal} to process {Pid}", errno);
    }

    /// <inheritdoc/>
    public void Dispose() => Descriptor.Dispose();

    /// <param name="pid">A child that nobody has reaped: then its number cannot have been given away.</param>
    internal static ChildProcess Open(int pid)
    {
        var descriptor = Libc.pidfd_open(pid);
        return descriptor.IsInvalid
            ? throw new LinuxException($"pidfd_open {pid}", Marshal.GetLastPInvokeError())
            : new ChildProcess(pid, descriptor);
    }

    /// <summary>Reaps the process; null while it runs.</summary>
    internal ExitStatus? TryReap()
    {
        var info = default(Libc.siginfo_child);
        using var held = new Libc.HeldHandle(Descriptor);
        LinuxException.Check(
            Libc.waitid(Libc.P_PIDFD, (uint)held.Value, ref info, Libc.WEXITED | Libc.WNOHANG), $"wait for process {Pid}");
        return info.si_pid == 0 ? null : Decode(info);
    }

    /// <summary>Waits for a child that ends at once by its nature.</summary>
    internal static ExitStatus Reap(int pid)
    {
        var info = default(Libc.siginfo_child);
        while (Libc.waitid(Libc.P_PID, (uint)pid, ref info, Libc.WEXITED) < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR)
            {
                throw new LinuxException($"wait for process {pid}", errno);
            }
        }

        return Decode(info);
    }

    private static ExitStatus Decode(in Libc.siginfo_child info) => info.si_code == Libc.CLD_EXITED
        ? new ExitStatus(info.si_status, 0)
        : new ExitStatus(128 + info.si_status, info.si_status);
}
