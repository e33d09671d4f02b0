using Dataplane.Linux.Sockets;

namespace Dataplane.Netlink.Tests;

/// <summary>Keeps what goes through a socket to the kernel.</summary>
internal sealed class RecordingSocket(INetlinkSocket inner) : INetlinkSocket
{
    internal List<byte[]> Sent { get; } = [];

    public uint PortId => inner.PortId;

    public void SetSendBuffer(int bytes) => inner.SetSendBuffer(bytes);

    public void Send(ReadOnlySpan<byte> datagram)
    {
        Sent.Add(datagram.ToArray());
        inner.Send(datagram);
    }

    public int Receive(Span<byte> buffer) => inner.Receive(buffer);

    public bool TryReceive(Span<byte> buffer, out int length) => inner.TryReceive(buffer, out length);

    public void Dispose() => inner.Dispose();
}
