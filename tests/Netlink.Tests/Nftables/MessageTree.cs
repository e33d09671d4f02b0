using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Dataplane.Netlink.Tests.Nftables;

/// <summary>
/// Messages of nf_tables as text, one attribute a line, nested ones indented: to compare what this encoder wrote with what nft wrote, in order and
/// to the byte, but for a few attributes that only nft has a use for.
/// </summary>
internal static partial class MessageTree
{
    /// <summary>The messages in a batch's datagram, without its frame.</summary>
    internal static List<string> OfDatagram(ReadOnlySpan<byte> datagram)
    {
        var messages = new List<string>();
        while (!datagram.IsEmpty)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(datagram);
            var type = BinaryPrimitives.ReadUInt16LittleEndian(datagram[4..]);
            Add(messages, type, datagram[16..length]);
            datagram = datagram[((length + 3) & ~3)..];
        }

        return messages;
    }

    /// <summary>
    /// The messages that change something in the output of <c>nft --debug=mnl</c>, which prints headers as <c>|00007|N-|00001|</c> (length, flags,
    /// type) and values as lines of four bytes.
    /// </summary>
    internal static List<string> OfNftOutput(string output)
    {
        var messages = new List<string>();
        var type = -1;
        var payload = new List<byte>();
        foreach (var line in Colour().Replace(output, "").Split('\n'))
        {
            if (MessageLength().IsMatch(line))
            {
                Flush();
            }
            else if (MessageType().Match(line) is { Success: true } message)
            {
                type = Number(message.Groups[1]);
            }
            else if (AttributeHeader().Match(line) is { Success: true } attribute)
            {
                var flags = (attribute.Groups[2].Value.Contains('N') ? 0x8000 : 0) | (attribute.Groups[2].Value.Contains('B') ? 0x4000 : 0);
                int length = Number(attribute.Groups[1]), number = Number(attribute.Groups[3]) | flags;
                payload.AddRange([(byte)length, (byte)(length >> 8), (byte)number, (byte)(number >> 8)]);
            }
            else if (FourBytes().Match(line) is { Success: true } bytes)
            {
                payload.AddRange(Convert.FromHexString(bytes.Groups[1].Value.Replace(" ", "")));
            }
        }

        Flush();
        return messages;

        void Flush()
        {
            Add(messages, type, [.. payload]);
            payload.Clear();
            type = -1;
        }
    }

    private static void Add(List<string> messages, int type, ReadOnlySpan<byte> payload)
    {
        // Batch frames and listings: a listing has an odd remainder of NEW/GET/DEL triples and nobody compares it.
        if (type >> 8 != 10 || (type & 0xFF) is 1 or 4 or 7 or 10 or 13 or 16 or 19 or 23)
        {
            return;
        }

        var text = new StringBuilder($"message {type & 0xFF} family {payload[0]}\n");
        Append(text, payload[4..], "  ", $"{type & 0xFF}");
        messages.Add(text.ToString());
    }

    private static void Append(StringBuilder text, ReadOnlySpan<byte> attributes, string indent, string path)
    {
        while (!attributes.IsEmpty)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(attributes);
            var type = BinaryPrimitives.ReadUInt16LittleEndian(attributes[2..]);
            var value = attributes[4..length];
            var here = $"{path}/{type & 0x3FFF}";
            attributes = attributes[Math.Min((length + 3) & ~3, attributes.Length)..];
            if (OnlyNft().IsMatch(here))
            {
                continue;
            }

            var nested = (type & 0x8000) != 0;
            text.Append($"{indent}{type & 0x3FFF}{(nested ? " {" : " = " + Convert.ToHexString(value))}\n");
            if (nested)
            {
                Append(text, value, indent + "  ", here + ExpressionName(value));
            }
        }
    }

    /// <summary>The text of NFTA_EXPR_NAME where the attributes begin with one.</summary>
    private static string ExpressionName(ReadOnlySpan<byte> attributes)
    {
        var length = attributes.Length > 8 ? BinaryPrimitives.ReadUInt16LittleEndian(attributes) : 0;
        return length > 5 && length < attributes.Length && attributes[2] == 1 && attributes[4] >= 'a' && attributes[length - 1] == 0
            ? Encoding.ASCII.GetString(attributes[4..(length - 1)])
            : "";
    }

    private static int Number(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);

    /// <summary>
    /// NFTA_SET_USERDATA is nft's notebook. NFTA_SET_ID, NFTA_SET_ELEM_LIST_SET_ID, NFTA_LOOKUP_SET_ID and NFTA_DYNSET_SET_ID are numbers of the
    /// writer's choice beside a name that says the same. NFTA_BITWISE_OP and NFTA_SOCKET_LEVEL are 0 when absent, and nft is of two minds about them.
    /// A counter's two numbers are 0 when absent, and iptables writes them.
    /// </summary>
    [GeneratedRegex("^9/13$|^9/10$|^12/4$|lookup/2/4$|dynset/2/2$|bitwise/2/6$|socket/2/3$|counter/2/[12]$")]
    private static partial Regex OnlyNft();

    [GeneratedRegex("\x1b\\[[0-9;]*m")]
    private static partial Regex Colour();

    [GeneratedRegex(@"^\|\s+\d+\s+\|\t\| message length \|")]
    private static partial Regex MessageLength();

    [GeneratedRegex(@"^\| (\d{5}) \| .{4} \|\t\|  type")]
    private static partial Regex MessageType();

    [GeneratedRegex(@"^\|(\d{5})\|(..)\|(\d{5})\|")]
    private static partial Regex AttributeHeader();

    [GeneratedRegex(@"^\| ((?:[0-9a-f]{2} ){3}[0-9a-f]{2})  \|")]
    private static partial Regex FourBytes();
}
