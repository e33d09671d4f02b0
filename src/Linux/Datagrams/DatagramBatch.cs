using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;

namespace Dataplane.Linux.Datagrams;

/// <summary>
/// The memory of one receive loop: as many slots as datagrams are taken in one call, each with a buffer, the peer's address
/// and the control message that holds our own. Replies are written into the slot's buffer and go back by the same two.
/// Allocated once and pinned, since the kernel keeps the addresses of its parts.
/// </summary>
/// <remarks>For one thread.</remarks>
public sealed unsafe class DatagramBatch
{
    internal const int NameSize = 28;

    /// <summary>CMSG_SPACE(sizeof(struct in6_pktinfo)), the larger of the two kinds; a multiple of 8.</summary>
    internal const int ControlSize = 40;

    private const int CmsgHeader = 16;

    private static ReadOnlySpan<byte> MappedPrefix => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF];

    private readonly int _slotBytes;
    private readonly byte[] _buffers;
    private readonly byte[] _names;
    private readonly byte[] _controls;
    private readonly Libc.IoVector[] _vectors;
    private readonly Libc.MultiMessageHeader[] _received;
    private readonly Libc.MultiMessageHeader[] _replies;

    /// <param name="slots">Datagrams a call.</param>
    /// <param name="slotBytes">Longest datagram received or sent; a longer one is cut and says so.</param>
    public DatagramBatch(int slots, int slotBytes)
    {
        _slotBytes = slotBytes;
        _buffers = GC.AllocateUninitializedArray<byte>(slots * slotBytes, pinned: true);
        _names = GC.AllocateArray<byte>(slots * NameSize, pinned: true);
        _controls = GC.AllocateArray<byte>(slots * ControlSize, pinned: true);
        _vectors = GC.AllocateArray<Libc.IoVector>(slots * 2, pinned: true);
        _received = GC.AllocateArray<Libc.MultiMessageHeader>(slots, pinned: true);
        _replies = GC.AllocateArray<Libc.MultiMessageHeader>(slots, pinned: true);
        for (var i = 0; i < slots; i++)
        {
            _vectors[i] = new Libc.IoVector { Base = Address(_buffers, i * slotBytes), Length = (nuint)slotBytes };
            _received[i].msg_hdr = new Libc.MessageHeader
            {
                Name = Address(_names, i * NameSize),
                Vectors = Address(_vectors, i),
                VectorCount = 1,
                Control = Address(_controls, i * ControlSize),
            };
        }
    }

    /// <summary>Datagrams a call.</summary>
    public int Slots => _received.Length;

    /// <summary>Replies queued since the last send.</summary>
    public int ReplyCount { get; private set; }

    /// <summary>A slot's whole buffer; the datagram stands at its start.</summary>
    public Span<byte> Buffer(int slot) => _buffers.AsSpan(slot * _slotBytes, _slotBytes);

    /// <summary>Bytes received.</summary>
    public int Length(int slot) => (int)_received[slot].msg_len;

    /// <summary>The datagram was longer than its slot.</summary>
    public bool IsCut(int slot) => (_received[slot].msg_hdr.Flags & Libc.MSG_TRUNC) != 0;

    /// <summary>Queues the slot's buffer as the answer to where its datagram came from.</summary>
    public void Reply(int slot, int length)
    {
        var reply = ReplyCount++;
        var vector = Slots + reply;
        _vectors[vector] = new Libc.IoVector { Base = Address(_buffers, slot * _slotBytes), Length = (nuint)length };
        _replies[reply].msg_hdr = _received[slot].msg_hdr;
        _replies[reply].msg_hdr.Vectors = Address(_vectors, vector);
        _replies[reply].msg_hdr.Flags = 0;
        AnyInterface(Control(slot));
    }

    /// <summary>The address a datagram came from, without its port: 4 bytes, or 16 for an IPv6 one that is not an IPv4 one mapped.</summary>
    public ReadOnlySpan<byte> PeerAddress(int slot)
    {
        // sockaddr_in { u16 family; u16 port; u8 addr[4]; }  sockaddr_in6 { u16 family; u16 port; u32 flowinfo; u8 addr[16]; u32 scope; }
        var name = _names.AsSpan(slot * NameSize, NameSize);
        if (_received[slot].msg_hdr.NameLength < NameSize)
        {
            return name.Slice(4, 4);
        }

        var address = name.Slice(8, 16);
        return address[..12].SequenceEqual(MappedPrefix) ? address[12..] : address;
    }

    /// <summary>The port a datagram came from: behind the family in either kind of address, in network order.</summary>
    public int PeerPort(int slot) => BinaryPrimitives.ReadUInt16BigEndian(_names.AsSpan((slot * NameSize) + sizeof(ushort)));

    /// <summary>Copies what is needed to answer this datagram after its slot was used again.</summary>
    public DatagramPeer Peer(int slot)
    {
        var header = _received[slot].msg_hdr;
        var peer = new DatagramPeer { NameLength = header.NameLength, ControlLength = (int)header.ControlLength };
        _names.AsSpan(slot * NameSize, NameSize).CopyTo(peer.Name);
        AnyInterface(Control(slot));
        Control(slot).CopyTo(peer.Control);
        return peer;
    }

    /// <summary>The kernel overwrote the lengths in the last call.</summary>
    internal Libc.MultiMessageHeader* PrepareReceive()
    {
        for (var i = 0; i < _received.Length; i++)
        {
            _received[i].msg_hdr.NameLength = NameSize;
            _received[i].msg_hdr.ControlLength = ControlSize;
        }

        return Address(_received, 0);
    }

    internal Libc.MultiMessageHeader* Replies(int from) => Address(_replies, from);

    internal void ForgetReplies() => ReplyCount = 0;

    /// <summary>The arrays are pinned for their whole life, so an address taken once stays good.</summary>
    private static T* Address<T>(T[] pinned, int index)
        where T : unmanaged => (T*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned)) + index;

    private Span<byte> Control(int slot) =>
        _controls.AsSpan(slot * ControlSize, (int)Math.Min(_received[slot].msg_hdr.ControlLength, ControlSize));

    /// <summary>
    /// The reply keeps the address the datagram was sent to as its source, but takes whatever route there is: the interface
    /// it came in by need not be the way back. Link-local IPv6 means nothing without its interface and keeps it.
    /// <code>
    /// cmsghdr { size_t len; int level; int type; }  in_pktinfo { int ifindex; in_addr spec_dst; in_addr addr; }
    ///                                               in6_pktinfo { in6_addr addr; int ifindex; }
    /// </code>
    /// </summary>
    private static void AnyInterface(Span<byte> control)
    {
        if (control.Length < CmsgHeader + 12)
        {
            return;
        }

        var level = MemoryMarshal.Read<int>(control[8..]);
        if (level == Libc.SOL_IP)
        {
            control.Slice(CmsgHeader, sizeof(int)).Clear();
        }
        else if (level == Libc.SOL_IPV6 && !(control[CmsgHeader] == 0xFE && (control[CmsgHeader + 1] & 0xC0) == 0x80))
        {
            control.Slice(CmsgHeader + 16, sizeof(int)).Clear();
        }
    }
}
