using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.NfNetlinkHeader;

namespace Dataplane.Netlink.Nftables;

public sealed partial class NftBatch
{
    private int _messageStart;

    /// <summary>What the last <see cref="Close"/> found: false when the buffer was too small and the message must be written again.</summary>
    private bool Written { get; set; }

    /// <summary>
    /// The datagram, its messages numbered on from a sequence number: the frame's beginning has it, the operations follow. The last operation
    /// asks for an ack, which the kernel queues when it has handled all others (net/netfilter/nfnetlink.c, nfnetlink_rcv_batch).
    /// </summary>
    internal ReadOnlySpan<byte> Finish(uint sequence)
    {
        EndElements();
        var contents = _length;
        WriteFrame(NFNL_MSG_BATCH_END);
        var datagram = _buffer.AsSpan(0, _length);
        _length = contents;
        for (int offset = 0, index = 0; offset < datagram.Length; index++)
        {
            var message = datagram[offset..];
            NetlinkWriter.Stamp(message, sequence + (uint)index);
            var flags = MemoryMarshal.Read<ushort>(message[6..]);
            MemoryMarshal.Write(message[6..], (ushort)(index == Count && index > 0 ? flags | NLM_F_ACK : flags & ~NLM_F_ACK));
            offset += NetlinkWriter.Align(MemoryMarshal.Read<int>(message));
        }

        return datagram;
    }

    /// <summary>An operation in words, by its distance from the beginning's sequence number; 0 is the transaction as a whole.</summary>
    internal string Describe(int index) => index >= 1 && index <= Count ? _operations[index - 1].ToString() : $"commit {Count} nftables operations";

    /// <summary>The bytes of one message of <see cref="Finish"/>'s datagram.</summary>
    internal static ReadOnlySpan<byte> Message(ReadOnlySpan<byte> datagram, int index)
    {
        for (var at = 0; at < index && !datagram.IsEmpty; at++)
        {
            datagram = datagram[NetlinkWriter.Align(MemoryMarshal.Read<int>(datagram))..];
        }

        return datagram.IsEmpty ? datagram : datagram[..MemoryMarshal.Read<int>(datagram)];
    }

    private void Begin(string verb, NftTable table, string name = "")
    {
        EndElements();
        _operations.Add(new Operation(verb, table, name));
    }

    private NetlinkWriter Open(int type, int flags, NftTable table)
    {
        var writer = new NetlinkWriter(_buffer, _length);
        _messageStart = writer.BeginMessage((NFNL_SUBSYS_NFTABLES << 8) | type, flags);
        writer.Reserve(NftHeaders.Length)[0] = (byte)table.Family;
        return writer;
    }

    /// <summary>Takes what was written into the batch, or makes the buffer larger if it did not fit.</summary>
    private void Close(ref NetlinkWriter writer)
    {
        Written = !writer.Overflowed;
        if (Written)
        {
            writer.EndMessage(_messageStart);
            _length = writer.Length;
        }
        else
        {
            Array.Resize(ref _buffer, checked(_buffer.Length * 2));
        }
    }

    private void WriteFrame(int type)
    {
        do
        {
            var writer = new NetlinkWriter(_buffer, _length);
            _messageStart = writer.BeginMessage(type, 0);
            BinaryPrimitives.WriteUInt16BigEndian(writer.Reserve(NftHeaders.Length)[2..], NFNL_SUBSYS_NFTABLES);
            Close(ref writer);
        }
        while (!Written);
    }

    private readonly record struct Operation(string Verb, NftTable Table, string Name)
    {
        public override string ToString() => Name.Length == 0 ? $"{Verb} {Table}" : $"{Verb} {Table} {Name}";
    }
}
