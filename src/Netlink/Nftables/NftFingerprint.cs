using System.Buffers.Binary;
using System.Text;
using Dataplane.Netlink.Codec;
using Dataplane.Netlink.Nftables.Expressions;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables;

/// <summary>
/// A number that rules with the same effect share: what somebody wrote compared with what he would write, without keeping either. Counts are left out,
/// and so is what the kernel only adds when it lists a rule.
/// </summary>
public static class NftFingerprint
{
    private const ulong Basis = 0xcbf29ce484222325;
    private const ulong Prime = 0x100000001b3;

    /// <summary>NFTA_BITWISE_OP: listed by Linux 5.6 and newer, 0 for what <see cref="Bitwise"/> does.</summary>
    private const int BitwiseOperation = 6;

    private const int LongestRule = 8 * 1024;

    /// <summary>What an empty chain comes to.</summary>
    public const ulong Empty = Basis;

    /// <summary>Adds a rule that follows to a chain's fingerprint.</summary>
    public static ulong Then(ulong chain, ulong rule) => Mix(chain, rule);

    /// <summary>Of a rule that is to be written.</summary>
    /// <exception cref="ArgumentException">Longer than any rule should be.</exception>
    public static ulong Of(ReadOnlySpan<NftExpression> expressions)
    {
        var writer = new NetlinkWriter(stackalloc byte[LongestRule]);
        foreach (var expression in expressions)
        {
            expression.Write(ref writer);
        }

        return writer.Overflowed ? throw new ArgumentException($"a rule of more than {LongestRule} bytes") : Of(writer.Written);
    }

    /// <summary>Of the value of NFTA_RULE_EXPRESSIONS.</summary>
    internal static ulong Of(ReadOnlySpan<byte> expressions)
    {
        var hash = Basis;
        var elements = new AttributeReader(expressions);
        while (elements.Read(out var element))
        {
            var name = "";
            var attributes = element.Nested;
            while (attributes.Read(out var attribute))
            {
                switch (attribute.Type)
                {
                    case NFTA_EXPR_NAME:
                        name = attribute.Text;
                        hash = Add(hash, attribute.Value);
                        break;
                    case NFTA_EXPR_DATA when name != "counter":
                        hash = Mix(hash, OfData(name, attribute.Nested));
                        break;
                }
            }
        }

        return hash;
    }

    // A sum, since attributes stand in no particular order.
    private static ulong OfData(string name, AttributeReader data)
    {
        var sum = 0ul;
        while (data.Read(out var attribute))
        {
            sum += (name, attribute.Type) switch
            {
                ("bitwise", BitwiseOperation) => 0,
                // The kernel does not flag nested attributes as such, so that their bytes may differ.
                ("immediate", NFTA_IMMEDIATE_DATA) => OfVerdict(attribute.Nested),
                _ => Add(Mix(Basis, (ulong)attribute.Type), attribute.Value),
            };
        }

        return sum;
    }

    private static ulong OfVerdict(AttributeReader data)
    {
        while (data.Read(out var attribute))
        {
            if (attribute.Type == NFTA_DATA_VERDICT)
            {
                var verdict = NftVerdict.Parse(attribute);
                return Add(Mix(Basis, (ulong)verdict.Code), Encoding.UTF8.GetBytes(verdict.Chain ?? ""));
            }
        }

        return 0;
    }

    private static ulong Add(ulong hash, ReadOnlySpan<byte> bytes)
    {
        hash = Mix(hash, (ulong)bytes.Length);
        while (bytes.Length >= sizeof(ulong))
        {
            hash = Mix(hash, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var value in bytes)
        {
            hash = Mix(hash, value);
        }

        return hash;
    }

    // FNV-1a by words, with the high bits brought down: words differ there too.
    private static ulong Mix(ulong hash, ulong word)
    {
        hash = (hash ^ word) * Prime;
        return hash ^ (hash >> 29);
    }
}
