using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Processes;

/// <summary>
/// Somebody's process, held by a pidfd: a signal cannot hit another process that got the number later. It is not a child, so it
/// is not reaped here; <see cref="ChildProcess"/> is for children. Source: pidfd_open(2).
/// </summary>
public sealed class ProcessHandle : IDisposable
{
    /// <summary>signal(7): the polite request to end.</summary>
    public const int SIGTERM = 15;

    private readonly SafeFileHandle _descriptor;
    private readonly int _process;

    private ProcessHandle(int process, SafeFileHandle descriptor)
    {
        _process = process;
        _descriptor = descriptor;
    }

    /// <exception cref="LinuxException">ESRCH when there is no such process.</exception>
    public static ProcessHandle Open(int process)
    {
        var descriptor = Libc.pidfd_open(process);
        return descriptor.IsInvalid
            ? throw new LinuxException($"pidfd_open {process}", Marshal.GetLastPInvokeError())
            : new ProcessHandle(process, descriptor);
    }

    /// <summary>Sends a signal; a process that has ended takes none.</summary>
    public void Signal(int signal)
    {
        if (Libc.pidfd_send_signal(_descriptor, signal) < 0 && Marshal.GetLastPInvokeError() is var errno and not Errno.ESRCH)
        {
            throw new LinuxException($"send signal {signal} to process {_process}", errno);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();
}
