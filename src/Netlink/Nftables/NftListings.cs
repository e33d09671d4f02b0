using System.Collections.Immutable;
using System.Text;
using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NetfilterHeader;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables;

/// <summary>Reads tables, chains, sets and rules as the kernel lists them; elements are in <see cref="ParseElements"/>.</summary>
internal static partial class NftListings
{
    internal static NftTableInfo ParseTable(NetlinkMessage message)
    {
        var name = "";
        ulong handle = 0;
        uint flags = 0, use = 0;
        var attributes = message.Attributes(NftHeaders.Length);
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case NFTA_TABLE_NAME:
                    name = attribute.Text;
                    break;
                case NFTA_TABLE_HANDLE:
                    handle = attribute.U64BigEndian;
                    break;
                case NFTA_TABLE_FLAGS:
                    flags = attribute.U32BigEndian;
                    break;
                case NFTA_TABLE_USE:
                    use = attribute.U32BigEndian;
                    break;
            }
        }

        return new NftTableInfo(new NftTable(NftHeaders.FamilyOf(message), name), handle, (NftTableFlags)flags, use);
    }

    internal static NftChainInfo ParseChain(NetlinkMessage message)
    {
        string table = "", name = "", type = "";
        ulong handle = 0;
        uint use = 0, policy = NF_ACCEPT;
        (int Hook, int Priority)? hook = null;
        var attributes = message.Attributes(NftHeaders.Length);
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case NFTA_CHAIN_TABLE:
                    table = attribute.Text;
                    break;
                case NFTA_CHAIN_NAME:
                    name = attribute.Text;
                    break;
                case NFTA_CHAIN_HANDLE:
                    handle = attribute.U64BigEndian;
                    break;
                case NFTA_CHAIN_TYPE:
                    type = attribute.Text;
                    break;
                case NFTA_CHAIN_POLICY:
                    policy = attribute.U32BigEndian;
                    break;
                case NFTA_CHAIN_USE:
                    use = attribute.U32BigEndian;
                    break;
                case NFTA_CHAIN_HOOK:
                    hook = ParseHook(attribute.Nested);
                    break;
            }
        }

        var based = hook is { } at ? new NftBaseChain(type, (NftHook)at.Hook, at.Priority, policy == NF_DROP) : null;
        return new NftChainInfo(new NftTable(NftHeaders.FamilyOf(message), table), name, handle, based, use);
    }

    internal static NftSetInfo ParseSet(NetlinkMessage message)
    {
        string table = "", name = "";
        ulong handle = 0;
        uint flags = 0, keyType = 0, keyLength = 0, dataLength = 0;
        uint? dataType = null;
        TimeSpan? timeout = null;
        var attributes = message.Attributes(NftHeaders.Length);
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case NFTA_SET_TABLE:
                    table = attribute.Text;
                    break;
                case NFTA_SET_NAME:
                    name = attribute.Text;
                    break;
                case NFTA_SET_HANDLE:
                    handle = attribute.U64BigEndian;
                    break;
                case NFTA_SET_FLAGS:
                    flags = attribute.U32BigEndian;
                    break;
                case NFTA_SET_KEY_TYPE:
                    keyType = attribute.U32BigEndian;
                    break;
                case NFTA_SET_KEY_LEN:
                    keyLength = attribute.U32BigEndian;
                    break;
                case NFTA_SET_DATA_TYPE:
                    dataType = attribute.U32BigEndian;
                    break;
                case NFTA_SET_DATA_LEN:
                    dataLength = attribute.U32BigEndian;
                    break;
                case NFTA_SET_TIMEOUT:
                    timeout = Milliseconds(attribute);
                    break;
            }
        }

        return new NftSetInfo(
            new NftTable(NftHeaders.FamilyOf(message), table),
            name,
            handle,
            flags,
            new NftType(keyType, (int)keyLength),
            dataType is { } data ? new NftType(data, (int)dataLength) : null,
            timeout);
    }

    internal static NftRuleInfo ParseRule(NetlinkMessage message)
    {
        string table = "", chain = "";
        ulong handle = 0;
        string? comment = null;
        byte[] expressions = [];
        var attributes = message.Attributes(NftHeaders.Length);
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case NFTA_RULE_TABLE:
                    table = attribute.Text;
                    break;
                case NFTA_RULE_CHAIN:
                    chain = attribute.Text;
                    break;
                case NFTA_RULE_HANDLE:
                    handle = attribute.U64BigEndian;
                    break;
                case NFTA_RULE_USERDATA:
                    comment = ParseComment(attribute.Value);
                    break;
                case NFTA_RULE_EXPRESSIONS:
                    expressions = attribute.Value.ToArray();
                    break;
            }
        }

        return new NftRuleInfo(new NftTable(NftHeaders.FamilyOf(message), table), chain, handle, comment, expressions);
    }

    internal static RuleFingerprint ParseFingerprint(NetlinkMessage message)
    {
        var attributes = message.Attributes(NftHeaders.Length);
        while (attributes.Read(out var attribute))
        {
            if (attribute.Type == NFTA_RULE_EXPRESSIONS)
            {
                return new RuleFingerprint(NftFingerprint.Of(attribute.Value));
            }
        }

        return new RuleFingerprint(NftFingerprint.Empty);
    }

    /// <summary>The chain that the first immediate verdict among a rule's expressions names.</summary>
    internal static string? FindJump(ReadOnlySpan<byte> expressions)
    {
        var elements = new AttributeReader(expressions);
        while (elements.Read(out var element))
        {
            var isImmediate = false;
            var attributes = element.Nested;
            while (attributes.Read(out var attribute))
            {
                switch (attribute.Type)
                {
                    case NFTA_EXPR_NAME:
                        isImmediate = attribute.Text == "immediate";
                        break;
                    case NFTA_EXPR_DATA when isImmediate && Inner(Inner(attribute.Value, NFTA_IMMEDIATE_DATA), NFTA_DATA_VERDICT) is { Length: > 0 } verdict:
                        return NftVerdict.Parse(new NetlinkAttribute(NFTA_DATA_VERDICT, verdict)).Chain;
                }
            }
        }

        return null;
    }

    /// <summary>Packets of the first counter among a rule's expressions.</summary>
    internal static ulong? FindPackets(ReadOnlySpan<byte> expressions)
    {
        var elements = new AttributeReader(expressions);
        while (elements.Read(out var element))
        {
            var isCounter = false;
            var attributes = element.Nested;
            while (attributes.Read(out var attribute))
            {
                switch (attribute.Type)
                {
                    case NFTA_EXPR_NAME:
                        isCounter = attribute.Text == "counter";
                        break;
                    case NFTA_EXPR_DATA when isCounter && Inner(attribute.Value, NFTA_COUNTER_PACKETS) is { Length: sizeof(ulong) } packets:
                        return new NetlinkAttribute(NFTA_COUNTER_PACKETS, packets).U64BigEndian;
                }
            }
        }

        return null;
    }

    /// <summary>What it says of itself: which tables and chains it changed is told by the messages before it.</summary>
    internal static NftGeneration ParseGeneration(NetlinkMessage message)
    {
        uint id = 0;
        var process = 0;
        var name = "";
        var attributes = message.Attributes(NftHeaders.Length);
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case NFTA_GEN_ID:
                    id = attribute.U32BigEndian;
                    break;
                case NFTA_GEN_PROC_PID:
                    process = (int)attribute.U32BigEndian;
                    break;
                case NFTA_GEN_PROC_NAME:
                    name = attribute.Text;
                    break;
            }
        }

        return new NftGeneration(id, message.PortId, process, name, ImmutableHashSet<NftTable>.Empty, ImmutableHashSet<(NftTable, string)>.Empty, false);
    }

    /// <summary>The value of one attribute; empty when it is not there.</summary>
    private static ReadOnlySpan<byte> Inner(ReadOnlySpan<byte> attributes, int type)
    {
        var reader = new AttributeReader(attributes);
        while (reader.Read(out var attribute))
        {
            if (attribute.Type == type)
            {
                return attribute.Value;
            }
        }

        return [];
    }

    private static (int Hook, int Priority) ParseHook(AttributeReader attributes)
    {
        int hook = 0, priority = 0;
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case NFTA_HOOK_HOOKNUM:
                    hook = (int)attribute.U32BigEndian;
                    break;
                case NFTA_HOOK_PRIORITY:
                    priority = (int)attribute.U32BigEndian;
                    break;
            }
        }

        return (hook, priority);
    }

    /// <summary>libnftnl's user data: u8 type, u8 length, value; type 0 is the comment. Other programs may put anything there.</summary>
    private static string? ParseComment(ReadOnlySpan<byte> data)
    {
        while (data.Length >= 2 && data[1] <= data.Length - 2)
        {
            var value = data.Slice(2, data[1]);
            if (data[0] == 0)
            {
                return Encoding.UTF8.GetString(value.TrimEnd((byte)0));
            }

            data = data[(2 + data[1])..];
        }

        return null;
    }

    private static TimeSpan Milliseconds(NetlinkAttribute attribute) => TimeSpan.FromMilliseconds(Math.Min(attribute.U64BigEndian, int.MaxValue));

    /// <summary>What is left of a rule for comparing.</summary>
    internal sealed record RuleFingerprint(ulong Value);
}
