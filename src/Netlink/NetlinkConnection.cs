using Dataplane.Linux;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.Sockets;
using Dataplane.Netlink.Codec;
using static Dataplane.Linux.Errno;
using static Dataplane.Netlink.Uapi.NetlinkHeader;

namespace Dataplane.Netlink;

/// <summary>Reads one message of a dump. Null leaves it out.</summary>
internal delegate T? MessageParser<T>(NetlinkMessage message)
    where T : class;

/// <summary>
/// Requests and their answers over one netlink socket. Safe for several threads: they take turns, one exchange at a time.
/// </summary>
/// <remarks>
/// The kernel handles a request inside send, so an answer that is not there after <see cref="AnswerTimeout"/> is not coming; the exchange
/// fails and is not repeated. Answers to an earlier, abandoned exchange are told by their sequence number and passed over.
/// </remarks>
internal sealed partial class NetlinkConnection : IDisposable
{
    /// <summary>A dump that the kernel marks as inconsistent (NLM_F_DUMP_INTR) is taken again at most this often.</summary>
    internal const int DumpAttempts = 16;

    /// <summary>The kernel sizes dump datagrams by the buffer offered, up to 32 KiB (net/netlink/af_netlink.c, max_recvmsg_len).</summary>
    private const int ReceiveLength = 64 * 1024;

    private const int SocketReceiveBuffer = 4 * 1024 * 1024;

    internal static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly INetlinkSocket _socket;
    private readonly byte[] _received = new byte[ReceiveLength];
    private readonly Func<int, int> _familyHeaderLength;
    private uint _sequence;

    /// <param name="socket">Disposed with this.</param>
    /// <param name="familyHeaderLength">As for <see cref="Open"/>.</param>
    internal NetlinkConnection(INetlinkSocket socket, Func<int, int> familyHeaderLength)
    {
        _socket = socket;
        _familyHeaderLength = familyHeaderLength;
    }

    /// <param name="protocol">NETLINK_ROUTE, NETLINK_NETFILTER.</param>
    /// <param name="networkNamespace">Whose kernel state it works on; null for the calling thread's.</param>
    /// <param name="familyHeaderLength">From message type to the length of the fixed header before the attributes: to name the attribute an
    /// error points at.</param>
    internal static NetlinkConnection Open(int protocol, NetworkNamespace? networkNamespace, Func<int, int> familyHeaderLength)
    {
        var socket = NetlinkSocket.Open(protocol, networkNamespace);
        try
        {
            socket.SetReceiveTimeout(AnswerTimeout);
            socket.SetReceiveBuffer(SocketReceiveBuffer);
            if (protocol == NETLINK_ROUTE)
            {
                socket.SetStrictChecking();
            }

            return new NetlinkConnection(socket, familyHeaderLength);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>nlmsg_pid of what this connection causes: how a notification's reader tells its own changes.</summary>
    internal uint PortId => _socket.PortId;

    /// <summary>Sends a request that carries NLM_F_ACK and waits for the ack. The message's sequence number is set here.</summary>
    /// <param name="request">One whole message.</param>
    /// <param name="operation">For the exception: a verb and the kind of object.</param>
    /// <param name="subject">For the exception: which object. Formatted only then.</param>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    internal void Execute<TSubject>(Span<byte> request, string operation, TSubject subject)
    {
        var ack = Exchange<object>(request, operation, null, null, out _);
        if (ack.Errno != 0)
        {
            throw ack.ToException($"{operation} {subject}", request, FamilyHeaderLength(request));
        }
    }

    /// <summary>Asks for one object with NLM_F_ACK.</summary>
    /// <returns>Null when the kernel answers with <paramref name="absent"/>.</returns>
    /// <exception cref="NetlinkException">The kernel refused for another reason.</exception>
    internal T? Find<T>(Span<byte> request, int absent, MessageParser<T> parse, string operation, string subject)
        where T : class
    {
        var found = new List<T>(1);
        var ack = Exchange(request, operation, parse, found, out _);
        if (ack.Errno == 0)
        {
            return found.Count > 0 ? found[0] : null;
        }

        return ack.Errno == absent ? null : throw ack.ToException($"{operation} {subject}", request, FamilyHeaderLength(request));
    }

    /// <summary>Asks for one thing with NLM_F_ACK, which every family adds to an answer too.</summary>
    /// <exception cref="NetlinkException">The kernel refused, or its answer has no such thing (ENOENT).</exception>
    internal T Ask<T>(Span<byte> request, MessageParser<T> parse, string operation, string subject)
        where T : class => Find(request, ENOENT, parse, operation, subject) ?? throw new NetlinkException($"{operation} {subject}", ENOENT);

    /// <summary>Lists objects: a request with NLM_F_DUMP. The listing is consistent, taken again when the kernel says it was not.</summary>
    /// <exception cref="NetlinkException">The kernel refused, or changed its state during each of the attempts (EAGAIN).</exception>
    internal List<T> Dump<T>(Span<byte> request, MessageParser<T> parse, string operation)
        where T : class
    {
        var items = new List<T>();
        for (var attempt = 0; attempt < DumpAttempts; attempt++)
        {
            items.Clear();
            var ack = Exchange(request, operation, parse, items, out var interrupted);
            if (ack.Errno is not (0 or EINTR))
            {
                throw ack.ToException(operation, request, FamilyHeaderLength(request));
            }

            if (!interrupted && ack.Errno == 0)
            {
                return items;
            }
        }

        throw new NetlinkException(operation, EAGAIN, $"the listing changed during each of {DumpAttempts} attempts");
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private NetlinkAck Exchange<T>(Span<byte> request, string operation, MessageParser<T>? parse, List<T>? into, out bool interrupted)
        where T : class
    {
        interrupted = false;
        lock (_gate)
        {
            var sequence = ++_sequence;
            NetlinkWriter.Stamp(request, sequence);
            try
            {
                _socket.Send(request);
                while (true)
                {
                    var reader = new NetlinkReader(_received.AsSpan(0, _socket.Receive(_received)));
                    while (reader.Read(out var message))
                    {
                        if (message.Sequence != sequence)
                        {
                            continue;
                        }

                        interrupted |= (message.Flags & NLM_F_DUMP_INTR) != 0;
                        if (message.Type is NLMSG_ERROR or NLMSG_DONE)
                        {
                            return NetlinkAck.Parse(message);
                        }

                        if (message.Type >= NLMSG_MIN_TYPE && parse?.Invoke(message) is { } item)
                        {
                            into!.Add(item);
                        }
                    }
                }
            }
            catch (LinuxException failure)
            {
                var text = failure.Errno == EAGAIN ? $"no answer within {AnswerTimeout.TotalSeconds} s" : failure.Operation;
                throw new NetlinkException(operation, failure.Errno, text);
            }
        }
    }

    private int FamilyHeaderLength(ReadOnlySpan<byte> request) => _familyHeaderLength(NetlinkWriter.TypeOf(request));
}
