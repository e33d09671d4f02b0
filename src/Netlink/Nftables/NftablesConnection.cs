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
        if (batch.Count > 0)
        {
            Commit(batch, null);
        }
    }

    /// <summary>As <see cref="Commit"/>, and tells the handles of the rules that asked for it.</summary>
    /// <returns>In the order they were added.</returns>
    /// <exception cref="NetlinkException">As <see cref="Commit"/>; or the kernel did not tell all handles, ENOBUFS: then the batch is in force.</exception>
    public IReadOnlyList<ulong> CommitReporting(NftBatch batch)
    {
        if (batch.Count == 0)
        {
            return [];
        }

        var handles = new List<ulong>();
        Commit(batch, (_, message) =>
        {
            if (NftHeaders.TypeOf(message) == Uapi.NfTablesHeader.NFT_MSG_NEWRULE)
            {
                handles.Add(NftListings.ParseRule(message).Handle);
            }
        });
        return handles.Count == batch.ReportedRules
            ? handles
            : throw new NetlinkException(batch.Describe(0), Linux.Errno.ENOBUFS, $"{handles.Count} of {batch.ReportedRules} rule handles told");
    }

    /// <summary>The ruleset's generation: one more after every transaction of the namespace that changed something.</summary>
    public uint Generation()
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        Write(ref writer, Uapi.NfTablesHeader.NFT_MSG_GETGEN, NLM_F_ACK, NftFamily.Unspecified, []);
        return _connection.Find(writer.Message(), Linux.Errno.ENOENT, NftListings.ParseGeneration, "read generation", "nftables")!.Id;
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private void Commit(NftBatch batch, BatchReport? report)
    {
        var (index, ack) = _connection.Exchange(batch.Finish, batch.Count, batch.Describe(0), report);
        if (ack.Errno != 0)
        {
            throw ack.ToException(batch.Describe(index), NftBatch.Message(batch.Finish(0), index), NftHeaders.Length);
        }
    }

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
