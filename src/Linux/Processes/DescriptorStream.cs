using System.Runtime.InteropServices;
using Dataplane.Linux.Epoll;
using Dataplane.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Processes;

/// <summary>
/// One direction of this process's end of a pipe or terminal, without a thread that blocks in it: waits are the monitor's.
/// Not for concurrent reads or concurrent writes.
/// </summary>
public sealed class DescriptorStream : Stream
{
    private readonly SafeFileHandle _descriptor;
    private readonly ProcessMonitor _monitor;
    private readonly EpollEvents _direction;

    private DescriptorStream(SafeFileHandle descriptor, ProcessMonitor monitor, EpollEvents direction)
    {
        _descriptor = descriptor;
        _monitor = monitor;
        _direction = direction;

        // A flag of the open file description: the child's end of the pipe stays blocking.
        var flags = LinuxException.Check(Libc.fcntl(descriptor, Libc.F_GETFL, 0), "get descriptor flags");
        LinuxException.Check(Libc.fcntl(descriptor, Libc.F_SETFL, flags | Libc.O_NONBLOCK), "make descriptor non-blocking");
    }

    /// <inheritdoc/>
    public override bool CanRead => _direction == EpollEvents.In;

    /// <inheritdoc/>
    public override bool CanWrite => _direction == EpollEvents.Out;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <param name="descriptor">Owned by the stream from now on.</param>
    /// <param name="monitor">Waits for it.</param>
    public static DescriptorStream Reading(SafeFileHandle descriptor, ProcessMonitor monitor) => new(descriptor, monitor, EpollEvents.In);

    /// <inheritdoc cref="Reading"/>
    public static DescriptorStream Writing(SafeFileHandle descriptor, ProcessMonitor monitor) => new(descriptor, monitor, EpollEvents.Out);

    /// <inheritdoc/>
    /// <returns>0 once the last process has closed the other end.</returns>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var count = Libc.read(_descriptor, ref MemoryMarshal.GetReference(buffer.Span), (nuint)buffer.Length);
            if (count >= 0)
            {
                return (int)count;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Errno.EAGAIN:
                    await _monitor.ReadyAsync(_descriptor, _direction, cancellationToken);
                    break;
                case Errno.EINTR:
                    break;
                case Errno.EIO:
                    // How a terminal says that nobody has it open any more (drivers/tty/n_tty.c).
                    return 0;
                case var errno:
                    throw new LinuxException("read from a program", errno);
            }
        }
    }

    /// <inheritdoc/>
    /// <exception cref="LinuxException">EPIPE when nobody reads any more.</exception>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var count = Libc.write(_descriptor, in MemoryMarshal.GetReference(buffer.Span), (nuint)buffer.Length);
            if (count >= 0)
            {
                buffer = buffer[(int)count..];
                continue;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Errno.EAGAIN:
                    await _monitor.ReadyAsync(_descriptor, _direction, cancellationToken);
                    break;
                case Errno.EINTR:
                    break;
                case var errno:
                    throw new LinuxException("write to a program", errno);
            }
        }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        // Nothing is held back.
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("a program's streams are read asynchronously");

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("a program's streams are written asynchronously");

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _descriptor.Dispose();
        }

        base.Dispose(disposing);
    }
}
