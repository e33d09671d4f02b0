using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>
/// Names that no server need be asked about (RFC 6303): CoreDNS's <c>local</c>. <c>localhost</c>, names below it, and <c>localhost.SEARCH</c>,
/// which resolvers make of it by their search list, are the loopback addresses; the reverse zones of 0, 127 and 255 are empty but for one name.
/// </summary>
internal static class LocalAnswers
{
    /// <summary>A week.</summary>
    private const uint Ttl = 604800;

    private static readonly byte[] Localhost = DnsName.ParseLower("localhost");
    private static readonly byte[] Loopback = DnsName.ParseLower("1.0.0.127.in-addr.arpa");
    private static readonly NameSuffix[] Zones = [new(Localhost), .. new[] { 0, 127, 255 }.Select(net => NameSuffix.Parse($"{net}.in-addr.arpa"))];
    private static readonly byte[] Authority =
        [.. Localhost, .. DnsName.ParseLower("root.localhost"), 0, 0, 0, 1, .. new byte[12], (byte)(Ttl >> 24), (byte)(Ttl >> 16), unchecked((byte)(Ttl >> 8)), unchecked((byte)Ttl)];

    /// <returns>False when the name is none of these.</returns>
    internal static bool TryAnswer(ref ReplyBuilder reply, Query query, out ResponseCode code)
    {
        var name = query.Name;
        code = ResponseCode.NoError;
        if (query.Class != RecordClass.IN || name.LabelCount == 0)
        {
            return false;
        }

        var isHost = name.Label(0).SequenceEqual("localhost"u8) || name.Label(name.LabelCount - 1).SequenceEqual("localhost"u8);
        var zone = ZoneOf(name);
        if (!isHost && zone is null)
        {
            return false;
        }

        var apex = name.LabelCount == zone?.LabelCount;
        byte[]? data = query.Type switch
        {
            RecordType.A when isHost => [127, 0, 0, 1],
            RecordType.AAAA when isHost => [.. new byte[15], 1],
            RecordType.SOA when apex => Authority,
            RecordType.NS when apex => Localhost,
            RecordType.PTR when name.Wire.SequenceEqual(Loopback) => Localhost,
            _ => null,
        };
        if (data is not null)
        {
            reply.AddAnswers(Write(ref reply, name.Wire, query.Type, data, name));
            return true;
        }

        code = isHost || apex || name.Wire.SequenceEqual(Loopback) ? ResponseCode.NoError : ResponseCode.NXDomain;
        reply.AddAuthorities(Write(ref reply, isHost ? name.Wire : zone!.Wire, RecordType.SOA, Authority, name));
        return true;
    }

    private static int Write(ref ReplyBuilder reply, ReadOnlySpan<byte> owner, RecordType type, byte[] data, in NameView name) =>
        new ZoneRecord(owner.ToArray(), type, Ttl, data).TryWrite(ref reply.Writer, name) ? 1 : 0;

    private static NameSuffix? ZoneOf(in NameView name)
    {
        foreach (var zone in Zones)
        {
            if (zone.Covers(name))
            {
                return zone;
            }
        }

        return null;
    }
}
