using System.Runtime.InteropServices;
using Dataplane.Linux;
using Dataplane.Linux.Sockets;
using Dataplane.Netlink.Codec;

namespace Dataplane.Netlink.Tests;

/// <summary>A kernel that answers every request from a script: what the real one says too rarely to wait for.</summary>
/// <param name="answer">From the number of the request, counted from 0, and its sequence number to what arrives: datagrams, or errnos of the call.</param>
internal sealed class ScriptedSocket(Func<int, uint, IEnumerable<object>> answer) : INetlinkSocket
{
    private readonly Queue<object> _queued = [];

    internal int Requests { get; private set; }

    internal int SendBuffer { get; private set; }

    public uint PortId => 1;

    public void SetSendBuffer(int bytes) => SendBuffer = bytes;

    public void Send(ReadOnlySpan<byte> datagram)
    {
        foreach (var item in answer(Requests, MemoryMarshal.Read<uint>(datagram[8..])))
        {
            _queued.Enqueue(item);
        }

        Requests++;
    }

    public int Receive(Span<byte> buffer) => TryReceive(buffer, out var length) ? length : throw new LinuxException("receive", Errno.EAGAIN);

    public bool TryReceive(Span<byte> buffer, out int length)
    {
        length = 0;
        if (!_queued.TryDequeue(out var item))
        {
            return false;
        }

        if (item is int errno)
        {
            throw new LinuxException("receive", errno);
        }

        var datagram = (byte[])item;
        datagram.CopyTo(buffer);
        length = datagram.Length;
        return true;
    }

    public void Dispose()
    {
    }

    /// <summary>One message whose payload starts with a 32-bit number: an errno for NLMSG_ERROR and NLMSG_DONE.</summary>
    internal static byte[] Message(int type, uint sequence, int number, int flags = 0)
    {
        var writer = new NetlinkWriter(new byte[64]);
        writer.BeginMessage(type, flags, sequence);
        MemoryMarshal.Write(writer.Reserve(20), number);
        return writer.Message().ToArray();
    }
}
