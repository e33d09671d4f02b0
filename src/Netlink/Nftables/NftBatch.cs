using System.Text;
using Dataplane.Netlink.Codec;
using Dataplane.Netlink.Nftables.Expressions;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.NfNetlinkHeader;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables;

/// <summary>
/// Changes for one transaction, encoded as they are added. <see cref="NftablesConnection.Commit"/> does not use it up: a batch may be sent again,
/// or cleared and filled again without new memory. For one thread.
/// </summary>
/// <remarks>
/// <code>
/// NFNL_MSG_BATCH_BEGIN  nfgenmsg { AF_UNSPEC, 0, htons(NFNL_SUBSYS_NFTABLES) }
/// messages              nfgenmsg { family, 0, 0 } | attributes
/// NFNL_MSG_BATCH_END    nfgenmsg { AF_UNSPEC, 0, htons(NFNL_SUBSYS_NFTABLES) }
/// </code>
/// "Add" makes an object or leaves one that is the same; a different one under its name is an error. Source: nfnetlink.h, nf_tables_api.c.
/// </remarks>
public sealed partial class NftBatch
{
    /// <summary>Longest comment <c>nft</c> takes (NFTNL_UDATA_COMMENT_MAXLEN), in bytes.</summary>
    private const int CommentLength = 128;

    private readonly List<Operation> _operations = [];
    private byte[] _buffer = new byte[16 * 1024];
    private int _length;
    private uint _setId;

    /// <summary>An empty batch.</summary>
    public NftBatch() => Clear();

    /// <summary>How many messages it has.</summary>
    public int Count => _operations.Count;

    /// <summary>Makes it empty.</summary>
    public void Clear()
    {
        _length = 0;
        _setId = 0;
        _elements = default;
        ReportedRules = 0;
        _operations.Clear();
        WriteFrame(NFNL_MSG_BATCH_BEGIN);
    }

    /// <summary>Makes a table.</summary>
    public void AddTable(NftTable table, NftTableFlags flags = NftTableFlags.None)
    {
        Begin("add table", table);
        do
        {
            var writer = Open(NFT_MSG_NEWTABLE, NLM_F_CREATE, table);
            writer.String(NFTA_TABLE_NAME, table.Name);
            writer.U32BigEndian(NFTA_TABLE_FLAGS, (uint)flags);
            Close(ref writer);
        }
        while (!Written);
    }

    /// <summary>Removes a table with everything in it.</summary>
    /// <remarks>It must exist; <see cref="DestroyTable"/> does not mind.</remarks>
    public void DeleteTable(NftTable table)
    {
        Begin("delete table", table);
        do
        {
            var writer = Open(NFT_MSG_DELTABLE, 0, table);
            writer.String(NFTA_TABLE_NAME, table.Name);
            Close(ref writer);
        }
        while (!Written);
    }

    /// <summary>Removes a table if there is one: adds and deletes it, as NFT_MSG_DESTROYTABLE is younger (Linux 6.3) than kernels in use.</summary>
    public void DestroyTable(NftTable table)
    {
        AddTable(table);
        DeleteTable(table);
    }

    /// <summary>Makes a chain.</summary>
    /// <param name="table">Its table.</param>
    /// <param name="name">Unique within the table.</param>
    /// <param name="hook">Null for a chain that is only jumped to.</param>
    public void AddChain(NftTable table, string name, NftBaseChain? hook = null) => AddChain(table, name, hook, NLM_F_CREATE);

    private void AddChain(NftTable table, string name, NftBaseChain? hook, int flags)
    {
        Begin("add chain", table, name);
        do
        {
            var writer = Open(NFT_MSG_NEWCHAIN, flags, table);
            writer.String(NFTA_CHAIN_TABLE, table.Name);
            writer.String(NFTA_CHAIN_NAME, name);
            if (hook is not null)
            {
                writer.String(NFTA_CHAIN_TYPE, hook.Type);
                writer.U32BigEndian(NFTA_CHAIN_POLICY, hook.DropByDefault ? (uint)Uapi.NetfilterHeader.NF_DROP : Uapi.NetfilterHeader.NF_ACCEPT);
                var nested = writer.BeginNested(NFTA_CHAIN_HOOK | NLA_F_NESTED);
                writer.U32BigEndian(NFTA_HOOK_HOOKNUM, (uint)hook.Hook);
                writer.U32BigEndian(NFTA_HOOK_PRIORITY, (uint)hook.Priority);
                writer.EndNested(nested);
            }

            Close(ref writer);
        }
        while (!Written);
    }

    /// <summary>Removes an empty chain that nothing jumps to.</summary>
    public void DeleteChain(NftTable table, string name)
    {
        Begin("delete chain", table, name);
        do
        {
            var writer = Open(NFT_MSG_DELCHAIN, 0, table);
            writer.String(NFTA_CHAIN_TABLE, table.Name);
            writer.String(NFTA_CHAIN_NAME, name);
            Close(ref writer);
        }
        while (!Written);
    }

    /// <summary>Removes all rules of a chain.</summary>
    public void FlushChain(NftTable table, string name) => DeleteRules("flush chain", table, name, handle: null);

    /// <summary>Removes one rule.</summary>
    /// <param name="table">Its table.</param>
    /// <param name="chain">Its chain.</param>
    /// <param name="handle"><see cref="NftRuleInfo.Handle"/>.</param>
    public void DeleteRule(NftTable table, string chain, ulong handle) => DeleteRules("delete rule of", table, chain, handle);

    /// <summary>Appends a rule to a chain.</summary>
    public void AddRule(NftTable table, string chain, params ReadOnlySpan<NftExpression> expressions) => AddRule(table, chain, null, expressions);

    /// <summary>Appends a rule with a comment to a chain.</summary>
    /// <param name="table">Its table.</param>
    /// <param name="chain">Its chain.</param>
    /// <param name="comment">At most 127 bytes of UTF-8; <c>nft list</c> shows it.</param>
    /// <param name="expressions">Its steps in order.</param>
    public void AddRule(NftTable table, string chain, string? comment, params ReadOnlySpan<NftExpression> expressions)
    {
        Begin("add rule to", table, chain);
        do
        {
            var writer = Open(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, table);
            writer.String(NFTA_RULE_TABLE, table.Name);
            writer.String(NFTA_RULE_CHAIN, chain);
            var nested = writer.BeginNested(NFTA_RULE_EXPRESSIONS | NLA_F_NESTED);
            foreach (var expression in expressions)
            {
                expression.Write(ref writer);
            }

            writer.EndNested(nested);
            if (comment is not null)
            {
                WriteComment(ref writer, comment);
            }

            Close(ref writer);
        }
        while (!Written);
    }

    private void DeleteRules(string verb, NftTable table, string chain, ulong? handle)
    {
        Begin(verb, table, chain);
        do
        {
            var writer = Open(NFT_MSG_DELRULE, 0, table);
            writer.String(NFTA_RULE_TABLE, table.Name);
            writer.String(NFTA_RULE_CHAIN, chain);
            if (handle is { } rule)
            {
                writer.U64BigEndian(NFTA_RULE_HANDLE, rule);
            }

            Close(ref writer);
        }
        while (!Written);
    }

    /// <summary>libnftnl's user data: u8 type (NFTNL_UDATA_RULE_COMMENT 0), u8 length, text with a closing NUL.</summary>
    private static void WriteComment(ref NetlinkWriter writer, string comment)
    {
        Span<byte> data = stackalloc byte[2 + CommentLength];
        data.Clear();
        if (!Encoding.UTF8.TryGetBytes(comment, data[2..^1], out var length))
        {
            throw new ArgumentException($"comment of more than {CommentLength - 1} bytes: {comment}");
        }

        data[1] = (byte)(length + 1);
        writer.Bytes(NFTA_RULE_USERDATA, data[..(2 + length + 1)]);
    }
}
