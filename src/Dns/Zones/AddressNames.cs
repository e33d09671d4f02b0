using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Zones;

/// <summary>Addresses spelled as names: reverse names and the dashed labels of pods. Nothing is allocated.</summary>
internal static class AddressNames
{
    private const int NibbleLabels = 32;

    private static readonly byte[] Reverse4 = DnsName.ParseLower("in-addr.arpa");
    private static readonly byte[] Reverse6 = DnsName.ParseLower("ip6.arpa");

    /// <summary>Whether a name is in-addr.arpa, ip6.arpa or below.</summary>
    internal static bool IsReverse(in NameView name) => name.EndsWith(Reverse4, 2) || name.EndsWith(Reverse6, 2);

    /// <summary><c>4.3.2.1.in-addr.arpa</c>, or 32 nibbles under ip6.arpa (RFC 3596, 2.5).</summary>
    /// <param name="name">A folded name.</param>
    /// <param name="address">Room for 16 bytes; receives network byte order.</param>
    /// <returns>4, 16, or 0 when the name is not a whole address.</returns>
    internal static int FromReverse(in NameView name, Span<byte> address)
    {
        if (name.LabelCount == 4 + 2 && name.EndsWith(Reverse4, 2))
        {
            for (var i = 0; i < 4; i++)
            {
                if (!TryOctet(name.Label(3 - i), out address[i]))
                {
                    return 0;
                }
            }

            return 4;
        }

        if (name.LabelCount != NibbleLabels + 2 || !name.EndsWith(Reverse6, 2))
        {
            return 0;
        }

        for (var i = 0; i < NibbleLabels; i++)
        {
            var label = name.Label(NibbleLabels - 1 - i);
            if (label.Length != 1 || HexDigit(label[0]) is not (var digit and >= 0))
            {
                return 0;
            }

            address[i / 2] = (byte)(i % 2 == 0 ? digit << 4 : address[i / 2] | digit);
        }

        return 16;
    }

    /// <summary>
    /// Whether the labels before a reverse zone could begin an address: such a name may have names below it, and saying that
    /// it does not exist would deny them all (RFC 8020).
    /// </summary>
    internal static bool IsPartOfReverse(in NameView name, int zoneLabel)
    {
        var octets = name.EndsWith(Reverse4, 2);
        for (var i = 0; i < zoneLabel; i++)
        {
            if (octets ? !TryOctet(name.Label(i), out _) : name.Label(i).Length != 1 || HexDigit(name.Label(i)[0]) < 0)
            {
                return false;
            }
        }

        return name.LabelCount - 2 < (octets ? 4 : NibbleLabels);
    }

    /// <summary><c>10-244-1-7</c>, or an IPv6 address with dashes for colons. Exactly three single dashes mean IPv4, as in CoreDNS.</summary>
    /// <returns>4, 16, or 0 when the label is no address.</returns>
    internal static int FromDashed(ReadOnlySpan<byte> label, Span<byte> address) =>
        label.Count((byte)'-') == 3 && label.IndexOf("--"u8) < 0 ? FromDashed4(label, address) : FromDashed6(label, address);

    private static int FromDashed4(ReadOnlySpan<byte> label, Span<byte> address)
    {
        for (var i = 0; i < 4; i++)
        {
            var end = label.IndexOf((byte)'-');
            if (!TryOctet(end < 0 ? label : label[..end], out address[i]))
            {
                return 0;
            }

            label = label[(end < 0 ? label.Length : end + 1)..];
        }

        return 4;
    }

    private static int FromDashed6(ReadOnlySpan<byte> label, Span<byte> address)
    {
        address[..16].Clear();
        var gap = label.IndexOf("--"u8);
        if (gap < 0)
        {
            return TryGroups(label, address[..16], out var all) && all == 16 ? 16 : 0;
        }

        // "--" stands for at least one group of zeros; what is behind it is moved to the end of the address.
        if (!TryGroups(label[..gap], address[..16], out var head) || !TryGroups(label[(gap + 2)..], address[head..16], out var tail) || head + tail > 14)
        {
            return 0;
        }

        Span<byte> behind = stackalloc byte[16];
        address.Slice(head, tail).CopyTo(behind);
        address[head..16].Clear();
        behind[..tail].CopyTo(address[(16 - tail)..]);
        return 16;
    }

    private static bool TryGroups(ReadOnlySpan<byte> text, Span<byte> address, out int written)
    {
        written = 0;
        while (!text.IsEmpty)
        {
            var end = text.IndexOf((byte)'-');
            var group = end < 0 ? text : text[..end];
            if (group.Length is 0 or > 4 || written + 2 > address.Length || end == text.Length - 1)
            {
                return false;
            }

            var value = 0;
            foreach (var digit in group)
            {
                if (HexDigit(digit) is not (var nibble and >= 0))
                {
                    return false;
                }

                value = (value << 4) | nibble;
            }

            address[written++] = (byte)(value >> 8);
            address[written++] = (byte)value;
            text = text[(end < 0 ? text.Length : end + 1)..];
        }

        return true;
    }

    private static bool TryOctet(ReadOnlySpan<byte> label, out byte octet)
    {
        var value = 0;
        octet = 0;
        if (label.Length is 0 or > 3 || (label.Length > 1 && label[0] == '0'))
        {
            return false;
        }

        foreach (var digit in label)
        {
            if (digit is < (byte)'0' or > (byte)'9')
            {
                return false;
            }

            value = (value * 10) + (digit - '0');
        }

        octet = (byte)value;
        return value <= byte.MaxValue;
    }

    private static int HexDigit(byte character) => character switch
    {
        >= (byte)'0' and <= (byte)'9' => character - '0',
        >= (byte)'a' and <= (byte)'f' => character - 'a' + 10,
        _ => -1,
    };
}
