using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Epoll;

/// <summary>
/// A level-triggered epoll set and the buffer of its last wait. For one thread: the buffer is overwritten by every wait.
/// </summary>
public sealed class EpollInstance : IDisposable
{
    // struct epoll_event is packed on x86-64 only (sys/epoll.h, __EPOLL_PACKED).
    private static readonly int TokenOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EventSize = TokenOffset + sizeof(ulong);

    private readonly SafeFileHandle _epoll;
    private readonly byte[] _events;

    /// <param name="capacity">Most events one wait hands out.</param>
    /// <exception cref="LinuxException">EMFILE or ENFILE.</exception>
    public EpollInstance(int capacity)
    {
        _epoll = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
        if (_epoll.IsInvalid)
        {
            throw new LinuxException("epoll_create1", Marshal.GetLastPInvokeError());
        }

        _events = new byte[capacity * EventSize];
    }

    /// <summary>Watches a descriptor; the token comes back with its events. Closing the descriptor ends the watch.</summary>
    /// <returns>0, or minus errno (ENOSPC, ENOMEM).</returns>
    public int Add(SafeHandle fd, EpollEvents interest, ulong token) => Control(Libc.EPOLL_CTL_ADD, fd, interest, token);

    /// <inheritdoc cref="Add"/>
    public int Modify(SafeHandle fd, EpollEvents interest, ulong token) => Control(Libc.EPOLL_CTL_MOD, fd, interest, token);

    /// <summary>Ends the watch of a descriptor that stays open.</summary>
    public int Remove(SafeHandle fd) => Control(Libc.EPOLL_CTL_DEL, fd, EpollEvents.None, 0);

    /// <summary>Waits for events; read them with <see cref="Event"/> before the next wait.</summary>
    /// <param name="timeoutMilliseconds">-1 waits without end.</param>
    /// <returns>How many events there are; 0 after the time-out or a signal.</returns>
    public int Wait(int timeoutMilliseconds)
    {
        var count = Libc.epoll_wait(_epoll, ref _events[0], _events.Length / EventSize, timeoutMilliseconds);
        if (count >= 0)
        {
            return count;
        }

        var errno = Marshal.GetLastPInvokeError();
        return errno == Errno.EINTR ? 0 : throw new LinuxException("epoll_wait", errno);
    }

    /// <summary>One event of the last wait.</summary>
    public (EpollEvents Events, ulong Token) Event(int index)
    {
        var item = _events.AsSpan(index * EventSize, EventSize);
        return ((EpollEvents)MemoryMarshal.Read<uint>(item), MemoryMarshal.Read<ulong>(item[TokenOffset..]));
    }

    /// <inheritdoc/>
    public void Dispose() => _epoll.Dispose();

    private int Control(int operation, SafeHandle fd, EpollEvents interest, ulong token)
    {
        Span<byte> item = stackalloc byte[16];
        MemoryMarshal.Write(item, (uint)interest);
        MemoryMarshal.Write(item[TokenOffset..], token);
        return Libc.epoll_ctl(_epoll, operation, fd, ref item[0]) < 0 ? -Marshal.GetLastPInvokeError() : 0;
    }
}
