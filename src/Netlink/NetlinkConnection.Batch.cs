using System.Numerics;
using Dataplane.Linux;
using Dataplane.Netlink.Codec;
using static Dataplane.Linux.Errno;
using static Dataplane.Netlink.Uapi.NetlinkHeader;

namespace Dataplane.Netlink;

/// <summary>Hands out a datagram of messages numbered on from a sequence number.</summary>
internal delegate ReadOnlySpan<byte> BatchEncoder(uint firstSequence);

/// <summary>Takes what the kernel tells of a message that asked for it (NLM_F_ECHO), by the message's place in the datagram.</summary>
internal delegate void BatchReport(int index, NetlinkMessage message);

/// <summary>What the kernel said about a batch.</summary>
/// <param name="Index">The message it is about, counted from the datagram's first.</param>
/// <param name="Ack">No error, or the first one.</param>
internal readonly record struct BatchAnswer(int Index, NetlinkAck Ack);

internal sealed partial class NetlinkConnection
{
    /// <summary>net.core.wmem_default on kernels in use; a datagram must be 32 bytes smaller (net/netlink/af_netlink.c, netlink_sendmsg).</summary>
    private const int DefaultSendBuffer = 200 * 1024;

    private int _sendBuffer = DefaultSendBuffer;

    /// <summary>
    /// Sends several messages as one datagram and takes all answers. The kernel has handled the datagram when send returns, so whatever it has to
    /// say is queued by then: nothing is waited for.
    /// </summary>
    /// <param name="encode">The first message has the sequence number it is given.</param>
    /// <param name="lastIndex">The message that carries NLM_F_ACK.</param>
    /// <param name="operation">For the exception.</param>
    /// <param name="report">Null when no message asks.</param>
    /// <exception cref="NetlinkException">No answer about the batch came; what became of it is not known.</exception>
    internal BatchAnswer Exchange(BatchEncoder encode, int lastIndex, string operation, BatchReport? report = null)
    {
        lock (_gate)
        {
            var first = _sequence + 1;
            _sequence += (uint)lastIndex + 2;
            try
            {
                var datagram = encode(first);
                GrowSendBuffer(datagram.Length);
                _socket.Send(datagram);
                return Drain(first, lastIndex, report) ?? throw new NetlinkException(operation, EAGAIN, "the kernel gave no answer");
            }
            catch (LinuxException failure)
            {
                throw new NetlinkException(operation, failure.Errno, failure.Operation);
            }
        }
    }

    /// <summary>The first error, or else the last message's ack; null when there is neither.</summary>
    private BatchAnswer? Drain(uint first, int lastIndex, BatchReport? report)
    {
        BatchAnswer? answer = null;
        while (TryReceive(out var length))
        {
            var reader = new NetlinkReader(_received.AsSpan(0, length));
            while (reader.Read(out var message))
            {
                var index = message.Sequence - first;
                if (index > (uint)lastIndex)
                {
                    continue;
                }

                if (message.Type != NLMSG_ERROR)
                {
                    report?.Invoke((int)index, message);
                    continue;
                }

                var ack = NetlinkAck.Parse(message);
                if (answer is null || (answer.Value.Ack.Errno == 0 && ack.Errno != 0))
                {
                    answer = new BatchAnswer((int)index, ack);
                }
            }
        }

        return answer;
    }

    private bool TryReceive(out int length)
    {
        try
        {
            return _socket.TryReceive(_received, out length);
        }
        catch (LinuxException overrun) when (overrun.Errno == ENOBUFS)
        {
            // More errors than the receive buffer holds: the first ones are still there, behind this notice (netlink(7)).
            return _socket.TryReceive(_received, out length);
        }
    }

    private void GrowSendBuffer(int datagramLength)
    {
        if (datagramLength < _sendBuffer)
        {
            return;
        }

        var wanted = checked((int)BitOperations.RoundUpToPowerOf2((uint)datagramLength + 1));
        _socket.SetSendBuffer(wanted);
        _sendBuffer = wanted;
    }
}
