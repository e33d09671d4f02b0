using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Epoll;

/// <summary>An eventfd by which other threads wake a thread that waits in an <see cref="EpollInstance"/>.</summary>
public sealed class WakeUp : IDisposable
{
    private readonly SafeFileHandle _event;

    /// <exception cref="LinuxException">EMFILE or ENFILE.</exception>
    public WakeUp()
    {
        _event = Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK);
        if (_event.IsInvalid)
        {
            throw new LinuxException("eventfd", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Watch it for <see cref="EpollEvents.In"/>.</summary>
    public SafeHandle Handle => _event;

    /// <summary>Wakes the waiting thread, or its next wait. Callable from any thread.</summary>
    public void Signal()
    {
        // EAGAIN means that the counter is at its maximum: the waiter is woken all the same.
        Span<byte> one = stackalloc byte[sizeof(ulong)];
        MemoryMarshal.Write(one, 1UL);
        Libc.write(_event, in one[0], sizeof(ulong));
    }

    /// <summary>Takes all signals that have come so far.</summary>
    public void Clear()
    {
        Span<byte> count = stackalloc byte[sizeof(ulong)];
        Libc.read(_event, ref count[0], sizeof(ulong));
    }

    /// <inheritdoc/>
    public void Dispose() => _event.Dispose();
}
