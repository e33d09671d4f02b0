using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables;

internal static partial class NftListings
{
    /// <summary>The elements of one message; a set of some size takes several.</summary>
    internal static List<NftElement> ParseElements(NetlinkMessage message)
    {
        var elements = new List<NftElement>();
        var attributes = message.Attributes(NftHeaders.Length);
        while (attributes.Read(out var attribute))
        {
            if (attribute.Type == NFTA_SET_ELEM_LIST_ELEMENTS)
            {
                var items = attribute.Nested;
                while (items.Read(out var item))
                {
                    elements.Add(ParseElement(item.Nested));
                }
            }
        }

        return elements;
    }

    internal static int CountElements(NetlinkMessage message)
    {
        var count = 0;
        var attributes = message.Attributes(NftHeaders.Length);
        while (attributes.Read(out var attribute))
        {
            if (attribute.Type == NFTA_SET_ELEM_LIST_ELEMENTS)
            {
                var items = attribute.Nested;
                while (items.Read(out _))
                {
                    count++;
                }
            }
        }

        return count;
    }

    /// <summary>The counting elements of one message.</summary>
    internal static List<NftCount> ParseCounts(NetlinkMessage message)
    {
        var counts = new List<NftCount>();
        var attributes = message.Attributes(NftHeaders.Length);
        while (attributes.Read(out var attribute))
        {
            var items = attribute.Type == NFTA_SET_ELEM_LIST_ELEMENTS ? attribute.Nested : default;
            while (items.Read(out var item))
            {
                counts.Add(ParseCount(item.Nested));
            }
        }

        return counts;
    }

    private static NftCount ParseCount(AttributeReader attributes)
    {
        var count = default(NftCount);
        while (attributes.Read(out var attribute))
        {
            if (attribute.Type == NFTA_SET_ELEM_KEY)
            {
                count = count with { Key = ParseData(attribute.Nested).Value };
            }
            else if (attribute.Type == NFTA_SET_ELEM_EXPR)
            {
                var expression = attribute.Nested;
                while (expression.Read(out var part))
                {
                    var data = part.Type == NFTA_EXPR_DATA ? part.Nested : default;
                    while (data.Read(out var number))
                    {
                        count = number.Type switch
                        {
                            NFTA_COUNTER_BYTES => count with { Bytes = number.U64BigEndian },
                            NFTA_COUNTER_PACKETS => count with { Packets = number.U64BigEndian },
                            _ => count,
                        };
                    }
                }
            }
        }

        return count;
    }

    private static NftElement ParseElement(AttributeReader attributes)
    {
        NftValue key = default;
        NftValue? keyEnd = null, data = null;
        NftVerdict? verdict = null;
        TimeSpan? timeout = null, expiration = null;
        uint flags = 0;
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case NFTA_SET_ELEM_KEY:
                    (key, _) = ParseData(attribute.Nested);
                    break;
                case NFTA_SET_ELEM_KEY_END:
                    (keyEnd, _) = ParseData(attribute.Nested);
                    break;
                case NFTA_SET_ELEM_DATA:
                    (var value, verdict) = ParseData(attribute.Nested);
                    data = verdict is null ? value : null;
                    break;
                case NFTA_SET_ELEM_FLAGS:
                    flags = attribute.U32BigEndian;
                    break;
                case NFTA_SET_ELEM_TIMEOUT:
                    timeout = Milliseconds(attribute);
                    break;
                case NFTA_SET_ELEM_EXPIRATION:
                    expiration = Milliseconds(attribute);
                    break;
            }
        }

        return new NftElement(key)
        {
            KeyEnd = keyEnd,
            Data = data,
            Verdict = verdict,
            Timeout = timeout,
            Expiration = expiration,
            IsIntervalEnd = (flags & NFT_SET_ELEM_INTERVAL_END) != 0,
        };
    }

    private static (NftValue Value, NftVerdict? Verdict) ParseData(AttributeReader attributes)
    {
        NftValue value = default;
        NftVerdict? verdict = null;
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case NFTA_DATA_VALUE when attribute.Value.Length <= NFT_DATA_VALUE_MAXLEN:
                    value = NftValue.Of(attribute.Value);
                    break;
                case NFTA_DATA_VALUE:
                    throw new MalformedNetlinkException($"register value of {attribute.Value.Length} bytes");
                case NFTA_DATA_VERDICT:
                    verdict = NftVerdict.Parse(attribute);
                    break;
            }
        }

        return (value, verdict);
    }
}
