using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NetlinkHeader;

namespace Dataplane.Netlink.Nftables;

/// <summary>nf_tables of one network namespace: transactions and listings. Safe for several threads.</summary>
/// <remarks>Every method fails with <see cref="NetlinkException"/>. Source: linux/netfilter/nf_tables.h, net/netfilter/nf_tables_api.c.</remarks>
public sealed partial class NftablesConnection : IDisposable
{
    /// <summary>No listing's request is longer: two names of at most 255 bytes.</summary>
    private const int RequestLength = 640;

    private readonly NetlinkConnection _connection;

    private NftablesConnection(NetlinkConnection connection) => _connection = connection;

    /// <summary>The port by which <see cref="NftGeneration.PortId"/> names what this connection did.</summary>
    public uint PortId => _connection.PortId;

    /// <param name="networkNamespace">Whose tables; null for the calling thread's. It need not stay open.</param>
    public static NftablesConnection Open(NetworkNamespace? networkNamespace = null) =>
        new(NetlinkConnection.Open(NETLINK_NETFILTER, networkNamespace, _ => NftHeaders.Length));

    /// <summary>Applies all of a batch at once, or nothing of it. The batch stays as it is and may be committed again.</summary>
    /// <exception cref="NetlinkException">Names the first operation the kernel refused; nothing was changed.</exception>
    public void Commit(NftBatch batch)
    {
        if (batch.Count == 0)
        {
            return;
        }

        var (index, ack) = _connection.Exchange(batch.Finish, batch.Count, batch.Describe(0));
        if (ack.Errno != 0)
        {
            throw ack.ToException(batch.Describe(index), NftBatch.Message(batch.Finish(0), index), NftHeaders.Length);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private List<T> Dump<T>(int type, NftFamily family, MessageParser<T> parse, string operation, params ReadOnlySpan<(int Type, string Value)> attributes)
        where T : class
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        Write(ref writer, type, NLM_F_DUMP, family, attributes);
        return _connection.Dump(writer.Message(), parse, operation);
    }

    private static void Write(ref NetlinkWriter writer, int type, int flags, NftFamily family, ReadOnlySpan<(int Type, string Value)> attributes)
    {
        writer.BeginMessage((Uapi.NfNetlinkHeader.NFNL_SUBSYS_NFTABLES << 8) | type, flags);
        writer.Reserve(NftHeaders.Length)[0] = (byte)family;
        foreach (var (attribute, value) in attributes)
        {
            writer.String(attribute, value);
        }
    }
}
