using System.Buffers.Binary;
using System.Net;
using Dataplane.Linux;
using Dataplane.Netlink;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Nftables.Rendering;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Nftables;

/// <summary>Reads the counting sets: <c>FRONTEND address . protocol . port . ENDPOINT address . port</c>, each part padded to 4 bytes.</summary>
internal static class TrafficReader
{
    internal static IReadOnlyList<TrafficCount> Read(NftablesConnection connection, string tableName)
    {
        var counts = new Dictionary<NftValue, TrafficCount>();
        foreach (var family in TableNames.Families)
        {
            var table = new NftTable(family, tableName);
            foreach (var count in Counts(connection, table, Skeleton.Connections))
            {
                counts[count.Key] = Parse(count.Key, family) with { Connections = (long)count.Packets };
            }

            foreach (var count in Counts(connection, table, Skeleton.Traffic))
            {
                counts[count.Key] = counts.GetValueOrDefault(count.Key, Parse(count.Key, family)) with { Packets = (long)count.Packets, Bytes = (long)count.Bytes };
            }
        }

        return [.. counts.Values];
    }

    private static IReadOnlyList<NftCount> Counts(NftablesConnection connection, NftTable table, string set)
    {
        try
        {
            return connection.Counts(table, set);
        }
        catch (NetlinkException gone) when (gone.Errno == Errno.ENOENT)
        {
            // Another table has just taken over.
            return [];
        }
    }

    private static TrafficCount Parse(NftValue key, NftFamily family)
    {
        var bytes = key.Bytes;
        var length = family == NftFamily.Ip ? 4 : 16;
        var (frontEnd, endpoint) = (new IPAddress(bytes[..length]), new IPAddress(bytes.Slice(length + 8, length)));
        return new TrafficCount(
            (TransportProtocol)bytes[length],
            new IPEndPoint(frontEnd, BinaryPrimitives.ReadUInt16BigEndian(bytes[(length + 4)..])),
            new IPEndPoint(endpoint, BinaryPrimitives.ReadUInt16BigEndian(bytes[((2 * length) + 8)..])),
            0,
            0,
            0);
    }
}
