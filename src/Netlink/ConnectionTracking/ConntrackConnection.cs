using System.Net;
using System.Net.Sockets;
using Dataplane.Linux;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.NfConntrackHeader;
using static Dataplane.Netlink.Uapi.NfNetlinkHeader;

namespace Dataplane.Netlink.ConnectionTracking;

/// <summary>Connection tracking of one network namespace. Safe for several threads.</summary>
/// <remarks>Every method fails with <see cref="NetlinkException"/>. Source: net/netfilter/nf_conntrack_netlink.c.</remarks>
public sealed class ConntrackConnection : IDisposable
{
    private const int HeaderLength = 4;
    private const int RequestLength = 256;

    // CTA_FILTER_F_CTA_PROTO_NUM of net/netfilter/nf_internals.h: which parts of the tuple must match. Kernels before 5.8 list everything.
    private const uint ByProtocol = 1 << 3;

    // IPS_SEEN_REPLY and IPS_DST_NAT of linux/netfilter/nf_conntrack_common.h.
    private const uint SeenReply = 1 << 1;
    private const uint DestinationTranslated = 1 << 5;

    private readonly NetlinkConnection _connection;

    private ConntrackConnection(NetlinkConnection connection) => _connection = connection;

    /// <param name="networkNamespace">Whose entries; null for the calling thread's. It need not stay open.</param>
    public static ConntrackConnection Open(NetworkNamespace? networkNamespace = null) =>
        new(NetlinkConnection.Open(NETLINK_NETFILTER, networkNamespace, _ => HeaderLength));

    /// <summary>Entries of one family and protocol; the kernel leaves out the others where it can.</summary>
    public IReadOnlyList<ConntrackFlow> Flows(AddressFamily family, ProtocolType protocol)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        Begin(ref writer, IPCTNL_MSG_CT_GET, NLM_F_DUMP, family);
        var tuple = writer.BeginNested(CTA_TUPLE_ORIG | NLA_F_NESTED);
        var proto = writer.BeginNested(CTA_TUPLE_PROTO | NLA_F_NESTED);
        writer.U8(CTA_PROTO_NUM, (byte)protocol);
        writer.EndNested(proto);
        writer.EndNested(tuple);
        var filter = writer.BeginNested(CTA_FILTER | NLA_F_NESTED);
        writer.U32(CTA_FILTER_ORIG_FLAGS, ByProtocol);
        writer.U32(CTA_FILTER_REPLY_FLAGS, 0);
        writer.EndNested(filter);
        return _connection.Dump(writer.Message(), message => Parse(message) is { } flow && flow.Protocol == (byte)protocol ? flow : null, "list connections");
    }

    /// <summary>Entries of one family whose destination was translated, whatever their protocol; the kernel leaves out the others where it can (5.14).</summary>
    public IReadOnlyList<ConntrackFlow> TranslatedFlows(AddressFamily family) =>
        Flows(family, DestinationTranslated, DestinationTranslated, "list translated connections");

    /// <summary>
    /// Entries of one family that nobody has answered yet, with the destination they came with; the kernel leaves out the others where it can (5.14).
    /// </summary>
    public IReadOnlyList<ConntrackFlow> UnansweredFlows(AddressFamily family) =>
        Flows(family, SeenReply | DestinationTranslated, 0, "list connections without an answer");

    private IReadOnlyList<ConntrackFlow> Flows(AddressFamily family, uint mask, uint status, string operation)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        Begin(ref writer, IPCTNL_MSG_CT_GET, NLM_F_DUMP, family);
        writer.U32BigEndian(CTA_STATUS, status);
        writer.U32BigEndian(CTA_STATUS_MASK, mask);
        return _connection.Dump(writer.Message(), message => Parse(message) is { } flow && (flow.Status & mask) == status ? flow : null, operation);
    }

    /// <summary>Deletes entries of both families by what is said of each.</summary>
    /// <returns>How many there were.</returns>
    public int Delete(ProtocolType protocol, Func<ConntrackFlow, bool> isUnwanted) =>
        Flows(AddressFamily.InterNetwork, protocol).Concat(Flows(AddressFamily.InterNetworkV6, protocol)).Where(isUnwanted).Count(Delete);

    /// <returns>False when the entry had gone already.</returns>
    public bool Delete(ConntrackFlow flow)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        Begin(ref writer, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, flow.Source.AddressFamily);
        // Without a tuple the kernel would delete all entries.
        writer.Bytes(CTA_TUPLE_ORIG | NLA_F_NESTED, flow.Tuple);
        if (flow.Id is { } id)
        {
            writer.U32BigEndian(CTA_ID, id);
        }

        if (flow.Zone is { } zone)
        {
            writer.U16BigEndian(CTA_ZONE, zone);
        }

        try
        {
            _connection.Execute(writer.Message(), "delete connection", flow);
            return true;
        }
        catch (NetlinkException gone) when (gone.Errno == Errno.ENOENT)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private static void Begin(ref NetlinkWriter writer, int type, int flags, AddressFamily family)
    {
        writer.BeginMessage((NFNL_SUBSYS_CTNETLINK << 8) | type, flags);
        writer.Reserve(HeaderLength)[0] = (byte)(family == AddressFamily.InterNetworkV6 ? Uapi.NetfilterHeader.NFPROTO_IPV6 : Uapi.NetfilterHeader.NFPROTO_IPV4);
    }

    private static ConntrackFlow? Parse(NetlinkMessage message)
    {
        Tuple original = default, reply = default;
        byte[]? tuple = null;
        uint? id = null;
        ushort? zone = null;
        uint status = 0;
        var attributes = message.Attributes(HeaderLength);
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case CTA_TUPLE_ORIG:
                    original = Tuple.Parse(attribute.Nested);
                    tuple = attribute.Value.ToArray();
                    break;
                case CTA_TUPLE_REPLY:
                    reply = Tuple.Parse(attribute.Nested);
                    break;
                case CTA_STATUS:
                    status = attribute.U32BigEndian;
                    break;
                case CTA_ID:
                    id = attribute.U32BigEndian;
                    break;
                case CTA_ZONE:
                    zone = attribute.U16BigEndian;
                    break;
            }
        }

        // Protocols without ports, such as ICMP, have no end points in this sense.
        return original is not { Source: { } source, Destination: { } destination } || reply.Source is null
            ? null
            : new ConntrackFlow(original.Protocol, source, destination, reply.Source) { Id = id, Zone = zone, Status = status, Tuple = tuple! };
    }

    private readonly record struct Tuple(byte Protocol, IPEndPoint? Source, IPEndPoint? Destination)
    {
        internal static Tuple Parse(AttributeReader attributes)
        {
            IPAddress? source = null, destination = null;
            byte protocol = 0;
            ushort? sourcePort = null, destinationPort = null;
            while (attributes.Read(out var part))
            {
                var inner = part.Nested;
                while (inner.Read(out var attribute))
                {
                    switch (part.Type, attribute.Type)
                    {
                        case (CTA_TUPLE_IP, CTA_IP_V4_SRC or CTA_IP_V6_SRC):
                            source = new IPAddress(attribute.Value);
                            break;
                        case (CTA_TUPLE_IP, CTA_IP_V4_DST or CTA_IP_V6_DST):
                            destination = new IPAddress(attribute.Value);
                            break;
                        case (CTA_TUPLE_PROTO, CTA_PROTO_NUM):
                            protocol = attribute.U8;
                            break;
                        case (CTA_TUPLE_PROTO, CTA_PROTO_SRC_PORT):
                            sourcePort = attribute.U16BigEndian;
                            break;
                        case (CTA_TUPLE_PROTO, CTA_PROTO_DST_PORT):
                            destinationPort = attribute.U16BigEndian;
                            break;
                    }
                }
            }

            return new Tuple(
                protocol,
                source is not null && sourcePort is { } from ? new IPEndPoint(source, from) : null,
                destination is not null && destinationPort is { } to ? new IPEndPoint(destination, to) : null);
        }
    }
}
