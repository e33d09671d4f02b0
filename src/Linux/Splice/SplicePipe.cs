using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;
using Dataplane.Linux.TransparentSockets;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Splice;

/// <summary>
/// A pipe through which payload moves from one socket to another as page references, without a copy into this process.
/// It is filled only while empty: EAGAIN from <see cref="Fill"/> then always means that the socket has nothing, never that
/// the pipe is full, which splice(2) does not tell apart.
/// </summary>
public sealed class SplicePipe : IDisposable
{
    private readonly SafeFileHandle _read;
    private readonly SafeFileHandle _write;

    private SplicePipe(SafeFileHandle read, SafeFileHandle write, int capacity)
    {
        _read = read;
        _write = write;
        Capacity = capacity;
    }

    /// <summary>Bytes the pipe takes when every page is full.</summary>
    public int Capacity { get; }

    /// <summary>Bytes in the pipe.</summary>
    public int Buffered { get; private set; }

    /// <summary>Makes a pipe. A kernel that grants less than the wished capacity (fs.pipe-max-size) is left at its default.</summary>
    /// <param name="pipe">Null when there is no descriptor left.</param>
    /// <returns>0, or minus errno (EMFILE, ENFILE).</returns>
    public static unsafe int TryOpen(int wishedCapacity, out SplicePipe? pipe)
    {
        pipe = null;
        var ends = stackalloc int[2];
        if (Libc.pipe2(ends, Libc.O_CLOEXEC | Libc.O_NONBLOCK) < 0)
        {
            return -Marshal.GetLastPInvokeError();
        }

        var read = new SafeFileHandle(ends[0], ownsHandle: true);
        var write = new SafeFileHandle(ends[1], ownsHandle: true);
        var capacity = Libc.fcntl(write, Libc.F_SETPIPE_SZ, wishedCapacity);
        pipe = new SplicePipe(read, write, capacity > 0 ? capacity : Libc.fcntl(write, Libc.F_GETPIPE_SZ, 0));
        return 0;
    }

    /// <summary>Takes what the socket has received, up to the capacity.</summary>
    /// <returns>Bytes moved, 0 at the end of the stream, or minus errno.</returns>
    public int Fill(StreamSocket from)
    {
        var moved = Libc.splice(from, 0, _write, 0, (nuint)Capacity, Libc.SPLICE_F_MOVE | Libc.SPLICE_F_NONBLOCK);
        if (moved < 0)
        {
            return -Marshal.GetLastPInvokeError();
        }

        Buffered += (int)moved;
        return (int)moved;
    }

    /// <summary>Puts bytes that are in memory already into an empty pipe; as many as fit into 16 pages always do.</summary>
    /// <returns>Bytes taken, or minus errno.</returns>
    public int Put(ReadOnlySpan<byte> bytes)
    {
        var taken = Libc.write(_write, in MemoryMarshal.GetReference(bytes), (nuint)bytes.Length);
        if (taken < 0)
        {
            return -Marshal.GetLastPInvokeError();
        }

        Buffered += (int)taken;
        return (int)taken;
    }

    /// <summary>Hands the socket as much as it takes.</summary>
    /// <returns>Bytes moved, or minus errno.</returns>
    public int Drain(StreamSocket to)
    {
        var moved = Libc.splice(_read, 0, to, 0, (nuint)Buffered, Libc.SPLICE_F_MOVE | Libc.SPLICE_F_NONBLOCK);
        if (moved < 0)
        {
            return -Marshal.GetLastPInvokeError();
        }

        Buffered -= (int)moved;
        return (int)moved;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _read.Dispose();
        _write.Dispose();
    }
}
