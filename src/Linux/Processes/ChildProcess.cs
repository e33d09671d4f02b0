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
    private readonly bool _isForeign;

    private ChildProcess(int pid, SafeFileHandle descriptor, bool isForeign = false)
    {
        Pid = pid;
        Descriptor = descriptor;
        _isForeign = isForeign;
    }

    /// <summary>The process ID as this process sees it.</summary>
    public int Pid { get; }

    /// <summary>For handing on; owned by this object.</summary>
    public SafeHandle Handle => Descriptor;

    /// <summary>The pidfd; readable once the process has ended.</summary>
    internal SafeFileHandle Descriptor { get; }

    /// <summary>A process that an earlier run of this program started; null when it has ended.</summary>
    public static ChildProcess? TryAdopt(ProcessIdentity identity)
    {
        try
        {
            // Opened before it is looked at: then the pidfd stands for the process whose start time is read.
            var process = new ChildProcess(identity.Pid, OpenDescriptor(identity.Pid), isForeign: true);
            if (ProcessIdentity.Of(identity.Pid) == identity)
            {
                return process;
            }

            process.Dispose();
            return null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>A process by a pidfd that was kept from its beginning.</summary>
    /// <param name="descriptor">Owned by the result.</param>
    /// <param name="identity">As <see cref="ProcessIdentity.ToString"/> wrote it.</param>
    public static ChildProcess Adopt(SafeFileHandle descriptor, string identity) =>
        new(ProcessIdentity.TryParse(identity, out var process) ? process.Pid : 0, descriptor, isForeign: true);

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
    internal static ChildProcess Open(int pid) => new(pid, OpenDescriptor(pid));

    /// <summary>Reaps the process; null while it runs.</summary>
    internal ExitStatus? TryReap()
    {
        var info = default(Libc.siginfo_child);
        using var held = new Libc.HeldHandle(Descriptor);
        var result = Libc.waitid(Libc.P_PIDFD, (uint)held.Value, ref info, Libc.WEXITED | Libc.WNOHANG);

        // A child of an earlier run, which somebody else reaps; or one of this run's after all, when an agent follows another in one process.
        if (result < 0 && _isForeign && Marshal.GetLastPInvokeError() == Errno.ECHILD)
        {
            return ForeignExit.TryGet(Pid, Descriptor);
        }

        LinuxException.Check(result, $"wait for process {Pid}");
        return info.si_pid == 0 ? null : Decode(info);
    }

    private static SafeFileHandle OpenDescriptor(int pid)
    {
        var descriptor = Libc.pidfd_open(pid);
        return descriptor.IsInvalid ? throw new LinuxException($"pidfd_open {pid}", Marshal.GetLastPInvokeError()) : descriptor;
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
