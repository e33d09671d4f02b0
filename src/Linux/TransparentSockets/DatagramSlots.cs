using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;

namespace Dataplane.Linux.TransparentSockets;

/// <summary>
/// Room for as many datagrams as one system call moves, each with its peer's address and the local address it came to or leaves from.
/// Received into and sent from in place. Allocated once and pinned; pages nobody has written to take no memory.
/// </summary>
/// <remarks>For one thread.</remarks>
public sealed unsafe class DatagramSlots
{
    /// <summary>The longest UDP payload there is, and one more so that none is cut in silence.</summary>
    private const int SlotBytes = 65_536;

    private readonly byte[] _buffers;
    private readonly byte[] _names;
    private readonly byte[] _controls;
    private readonly Libc.IoVector[] _vectors;
    private readonly Libc.MultiMessageHeader[] _headers;

    /// <summary>What each header is ready to receive from; the kernel writes to those it fills only.</summary>
    private readonly Readiness[] _ready;

    /// <param name="count">Datagrams a call.</param>
    public DatagramSlots(int count)
    {
        _buffers = GC.AllocateUninitializedArray<byte>(count * SlotBytes, pinned: true);
        _names = GC.AllocateArray<byte>(count * InetEndPoint.MaxSocketAddressSize, pinned: true);
        _controls = GC.AllocateArray<byte>(count * PacketInfo.Space, pinned: true);
        _vectors = GC.AllocateArray<Libc.IoVector>(count, pinned: true);
        _headers = GC.AllocateArray<Libc.MultiMessageHeader>(count, pinned: true);
        _ready = new Readiness[count];
        for (var slot = 0; slot < count; slot++)
        {
            _vectors[slot].Base = Address(_buffers, slot * SlotBytes);
            _headers[slot].msg_hdr.Vectors = Address(_vectors, slot);
            _headers[slot].msg_hdr.VectorCount = 1;
        }
    }

    /// <summary>How many there are.</summary>
    public int Count => _headers.Length;

    /// <summary>Bytes of a datagram received.</summary>
    public int Length(int slot) => (int)_headers[slot].msg_len;

    /// <summary>A datagram received.</summary>
    public ReadOnlySpan<byte> Datagram(int slot) => _buffers.AsSpan(slot * SlotBytes, Length(slot));

    /// <summary>Who sent a datagram.</summary>
    public InetEndPoint Peer(int slot) => InetEndPoint.ReadSocketAddress(Name(slot));

    /// <summary>The local address a datagram was sent to; its port is 0.</summary>
    public InetEndPoint Local(int slot, bool ipv6) =>
        PacketInfo.Read(Control(slot)[..(int)Math.Min(_headers[slot].msg_hdr.ControlLength, PacketInfo.Space)], ipv6);

    /// <summary>Takes what a socket has, without waiting, into the slots from one on.</summary>
    /// <param name="socket">From where.</param>
    /// <param name="from">The first slot.</param>
    /// <param name="most">Not more than so many; each slot takes time even when nothing comes for it.</param>
    /// <param name="connected">The peer is known: addresses are not asked for.</param>
    /// <returns>Slots filled, or minus errno; an ICMP error to an earlier datagram is one (ECONNREFUSED).</returns>
    public int Receive(DatagramSocket socket, int from, int most, bool connected)
    {
        most = Math.Min(most, Count - from);
        var wanted = connected ? Readiness.Connected : Readiness.Unconnected;
        for (var slot = from; slot < from + most; slot++)
        {
            if (_ready[slot] != wanted)
            {
                Prepare(slot, connected);
                _ready[slot] = wanted;
            }
        }

        var count = Libc.recvmmsg(socket, Address(_headers, from), (uint)most, Libc.MSG_DONTWAIT, null);
        if (count < 0)
        {
            return -Marshal.GetLastPInvokeError();
        }

        _ready.AsSpan(from, count).Clear();
        return count;
    }

    /// <summary>Says where a datagram that was received is to go, and from which local address.</summary>
    public void Address(int slot, in InetEndPoint peer, in InetEndPoint local)
    {
        ref var header = ref _headers[slot].msg_hdr;
        _vectors[slot].Length = (nuint)Length(slot);
        header.Name = Address(_names, slot * InetEndPoint.MaxSocketAddressSize);
        header.NameLength = peer.WriteSocketAddress(Name(slot));
        header.Control = Address(_controls, slot * PacketInfo.Space);
        header.ControlLength = (nuint)PacketInfo.Write(Control(slot), local);
    }

    /// <summary>Sends the first slots. A datagram that the kernel refuses (its peer is unreachable, filtered, the buffer full) is dropped, as the network might.</summary>
    /// <returns>Datagrams sent.</returns>
    public int Send(DatagramSocket socket, int count)
    {
        var sent = 0;
        for (var next = 0; next < count;)
        {
            var taken = Libc.sendmmsg(socket, Address(_headers, next), (uint)(count - next), Libc.MSG_DONTWAIT);
            sent += Math.Max(taken, 0);
            next += Math.Max(taken, 1);
        }

        return sent;
    }

    private void Prepare(int slot, bool connected)
    {
        ref var header = ref _headers[slot].msg_hdr;
        _vectors[slot].Length = SlotBytes;
        header.Flags = 0;
        header.Name = connected ? null : Address(_names, slot * InetEndPoint.MaxSocketAddressSize);
        header.NameLength = connected ? 0 : InetEndPoint.MaxSocketAddressSize;
        header.Control = connected ? null : Address(_controls, slot * PacketInfo.Space);
        header.ControlLength = connected ? 0u : PacketInfo.Space;
    }

    // The arrays are pinned for their whole life, so an address taken once stays good.
    private static T* Address<T>(T[] pinned, int index)
        where T : unmanaged => (T*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned)) + index;

    private Span<byte> Name(int slot) => _names.AsSpan(slot * InetEndPoint.MaxSocketAddressSize, InetEndPoint.MaxSocketAddressSize);

    private Span<byte> Control(int slot) => _controls.AsSpan(slot * PacketInfo.Space, PacketInfo.Space);

    private enum Readiness : byte
    {
        None,
        Unconnected,
        Connected,
    }
}
