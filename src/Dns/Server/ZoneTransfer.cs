using Dataplane.Dns.Wire;
using Dataplane.Dns.Zones;

namespace Dataplane.Dns.Server;

/// <summary>
/// The whole zone as of one snapshot (AXFR, RFC 5936): SOA, everything, SOA, in messages of a stream. IXFR gets the same (RFC 1995, 4).
/// Names of pods are made from the question and are not in it.
/// </summary>
internal static class ZoneTransfer
{
    /// <summary>Large enough for few messages, small enough for one buffer.</summary>
    private const int MessageSize = 16 * 1024;

    /// <param name="snapshot">What is sent.</param>
    /// <param name="question">The query's header and question; each message begins with them.</param>
    internal static IEnumerable<byte[]> Messages(ZoneSnapshot snapshot, byte[] question)
    {
        var buffer = new byte[MessageSize];
        question.CopyTo(buffer, 0);
        var (length, count) = (question.Length, 0);
        foreach (var record in Records(snapshot))
        {
            if (!TryAdd(record, buffer, ref length))
            {
                yield return Close(buffer, length, count);
                (length, count) = (question.Length, 0);
                TryAdd(record, buffer, ref length);
            }

            count++;
        }

        yield return Close(buffer, length, count);
    }

    internal static IEnumerable<ZoneRecord> Records(ZoneSnapshot snapshot)
    {
        var (zone, ttl) = (snapshot.Zone, snapshot.Ttl);
        var authority = new ZoneRecord(zone.Wire, RecordType.SOA, ttl, ZoneAnswers.StartOfAuthorityData(snapshot));
        IEnumerable<ZoneRecord> apex =
        [
            authority,
            new ZoneRecord(zone.Wire, RecordType.NS, ttl, zone.NameServer),
            .. Addresses(zone.NameServer, snapshot.NameServer, ttl),
            new ZoneRecord([.. ZoneNames.VersionLabel, .. zone.Wire], RecordType.TXT, ttl, ZoneAnswers.SchemaVersion.ToArray()),
        ];
        return apex.Concat(snapshot.Services.Values.Where(service => IsVisible(snapshot, service)).SelectMany(service => Of(service, ttl))).Append(authority);
    }

    private static bool IsVisible(ZoneSnapshot snapshot, ServiceRecords service) =>
        !snapshot.RestrictsNamespaces || snapshot.Namespaces.TryGet(service.Key.AsSpan(service.Key[0] + 1), out _);

    private static IEnumerable<ZoneRecord> Of(ServiceRecords service, uint ttl)
    {
        if (service.CanonicalName is { } target)
        {
            return [new ZoneRecord(service.Name, RecordType.CNAME, ttl, target)];
        }

        var records = Addresses(service.Name, service.Self, ttl).Concat(service.Hosts.ToArray().SelectMany(host => Addresses([.. host.Label, .. service.Name], host, ttl)));
        return records
            .Concat(service.AllPorts is { } all ? Ports(service, all, service.Name, ttl) : [])
            .Concat(service.Ports.ToArray().SelectMany(port => Ports(service, port, [.. port.Port, .. port.Protocol, .. service.Name], ttl)));
    }

    private static IEnumerable<ZoneRecord> Addresses(byte[] owner, HostRecords host, uint ttl)
    {
        foreach (var (records, type) in new[] { (host.A, RecordType.A), (host.AAAA, RecordType.AAAA) })
        {
            for (var i = 0; i < (records?.Count ?? 0); i++)
            {
                yield return new ZoneRecord(owner, type, ttl, records!.Address(i).ToArray());
            }
        }
    }

    private static IEnumerable<ZoneRecord> Ports(ServiceRecords service, PortRecords ports, byte[] owner, uint ttl) => ports.Targets.Select(target => new ZoneRecord(
        owner,
        RecordType.SRV,
        ttl,
        [0, 0, (byte)(ports.Weight >> 8), (byte)ports.Weight, (byte)(target.Port >> 8), (byte)target.Port, .. target.Host.Label, .. service.Name]));

    private static bool TryAdd(ZoneRecord record, byte[] buffer, ref int length)
    {
        var writer = new DnsWriter(buffer, length, buffer.Length);
        var written = record.TryWrite(ref writer, NameView.Split(record.Owner[^1..], []));
        length = writer.Position;
        return written;
    }

    private static byte[] Close(byte[] buffer, int length, int count)
    {
        DnsHeader.SetFlags(buffer, (ushort)(DnsHeader.QR | DnsHeader.AA | (DnsHeader.Flags(buffer) & DnsHeader.RD)));
        DnsHeader.SetCounts(buffer, 1, count, 0, 0);
        return buffer[..length];
    }
}
