using Dataplane.Dns.Wire;
using Dataplane.Dns.Zones;

namespace Dataplane.Dns.Server;

/// <summary>Writes a <see cref="Finding"/> as records, kind by kind.</summary>
internal static class ZoneAnswers
{
    private const uint MaxNegativeTtl = 300;
    private const uint Refresh = 7200;
    private const uint Retry = 1800;
    private const uint Expire = 86400;

    private static ReadOnlySpan<byte> Hostmaster => "\u000ahostmaster"u8;

    internal static ReadOnlySpan<byte> SchemaVersion => "\u00051.1.0"u8;

    /// <param name="reply">Takes the records; truncated when not all fit.</param>
    /// <param name="snapshot">Where the finding is from.</param>
    /// <param name="finding">Not an alias and not <see cref="FindingKind.NotOurs"/>.</param>
    /// <param name="name">The name that was looked up.</param>
    /// <param name="at">Offset at which that name stands in the message: the question's, or an alias's target.</param>
    /// <param name="rotation">Any number; decides which address comes first.</param>
    internal static ResponseCode Write(ref ReplyBuilder reply, ZoneSnapshot snapshot, in Finding finding, scoped NameView name, int at, uint rotation)
    {
        switch (finding.Kind)
        {
            case FindingKind.Addresses:
                WriteAddresses(ref reply, finding.Addresses!, at, rotation);
                break;
            case FindingKind.SpelledAddress:
                Span<byte> address = stackalloc byte[16];
                var size = AddressNames.FromDashed(name.Label(0), address);
                AddressRecords.WriteOne(ref reply.Writer, at, address[..size], snapshot.Ttl);
                reply.AddAnswers(1);
                break;
            case FindingKind.Ports:
                WritePorts(ref reply, snapshot, finding, at, at + name.Offset(finding.ZoneLabel - 3));
                break;
            case FindingKind.Pointers:
                WritePointers(ref reply, snapshot, finding.Pointers!, at);
                break;
            case FindingKind.StartOfAuthority:
                WriteStartOfAuthority(ref reply, snapshot, finding, name, at, snapshot.Ttl);
                reply.AddAnswers(1);
                break;
            case FindingKind.NameServer:
                WriteNameServer(ref reply, snapshot, at);
                break;
            case FindingKind.Version:
                reply.Writer.Pointer(at);
                reply.Writer.RecordFields(RecordType.TXT, snapshot.Ttl, SchemaVersion.Length);
                reply.Writer.Bytes(SchemaVersion);
                reply.AddAnswers(1);
                break;
            default:
                WriteStartOfAuthority(ref reply, snapshot, finding, name, at, Math.Min(snapshot.Ttl, MaxNegativeTtl));
                reply.AddAuthorities(1);
                break;
        }

        return finding.Kind == FindingKind.NameError ? ResponseCode.NXDomain : ResponseCode.NoError;
    }

    private static void WriteAddresses(ref ReplyBuilder reply, AddressRecords addresses, int at, uint rotation)
    {
        // The high half of the product with the count is as good as a remainder and costs no division.
        var first = (int)(((ulong)rotation * (uint)addresses.Count) >> 32);
        var written = addresses.Write(ref reply.Writer, at, first);
        reply.AddAnswers(written);
        reply.Truncated = written < addresses.Count;
    }

    /// <summary>SRV targets are not compressed (RFC 2782); the owners of their glue are, against the service's name at hand.</summary>
    private static void WritePorts(ref ReplyBuilder reply, ZoneSnapshot snapshot, in Finding finding, int at, int serviceAt)
    {
        var (ports, service) = (finding.Ports!, finding.Service!);
        var written = 0;
        foreach (var target in ports.Targets)
        {
            var start = reply.Writer.Position;
            reply.Writer.Pointer(at);
            reply.Writer.RecordFields(RecordType.SRV, snapshot.Ttl, (3 * sizeof(ushort)) + target.Host.Label.Length + service.Name.Length);
            reply.Writer.U16BigEndian(0);
            reply.Writer.U16BigEndian(ports.Weight);
            reply.Writer.U16BigEndian(target.Port);
            reply.Writer.Bytes(target.Host.Label);
            reply.Writer.Bytes(service.Name);
            if (!Fits(ref reply, start))
            {
                break;
            }

            written++;
        }

        reply.AddAnswers(written);
        HostRecords? last = null;
        foreach (var target in ports.Targets.AsSpan(0, written))
        {
            // The ports of one host stand together, so the host before is all there is to compare with.
            if (!ReferenceEquals(target.Host, last))
            {
                reply.AddAdditionals(target.Host.A?.WriteGlue(ref reply.Writer, target.Host.Label, serviceAt) ?? 0);
                reply.AddAdditionals(target.Host.AAAA?.WriteGlue(ref reply.Writer, target.Host.Label, serviceAt) ?? 0);
                last = target.Host;
            }
        }
    }

    private static void WritePointers(ref ReplyBuilder reply, ZoneSnapshot snapshot, PointerRecords pointers, int at)
    {
        foreach (var target in pointers.Targets)
        {
            var start = reply.Writer.Position;
            reply.Writer.Pointer(at);
            reply.Writer.RecordFields(RecordType.PTR, snapshot.Ttl, target.Label.Length + target.ServiceName.Length);
            reply.Writer.Bytes(target.Label);
            reply.Writer.Bytes(target.ServiceName);
            if (!Fits(ref reply, start))
            {
                return;
            }

            reply.AddAnswers(1);
        }
    }

    private static void WriteNameServer(ref ReplyBuilder reply, ZoneSnapshot snapshot, int at)
    {
        var start = reply.Writer.Position;
        reply.Writer.Pointer(at);
        reply.Writer.RecordFields(RecordType.NS, snapshot.Ttl, snapshot.Zone.NameServer.Length);
        var nameServerAt = reply.Writer.Position;
        reply.Writer.Bytes(snapshot.Zone.NameServer);
        if (Fits(ref reply, start))
        {
            reply.AddAnswers(1);
            reply.AddAdditionals(snapshot.NameServer.A?.WriteGlue(ref reply.Writer, [], nameServerAt) ?? 0);
            reply.AddAdditionals(snapshot.NameServer.AAAA?.WriteGlue(ref reply.Writer, [], nameServerAt) ?? 0);
        }
    }

    /// <summary>MNAME is in the cluster's zone also for a reverse zone; only for its own zone can it point at the SOA's owner.</summary>
    private static void WriteStartOfAuthority(
        ref ReplyBuilder reply, ZoneSnapshot snapshot, in Finding finding, scoped NameView name, int at, uint ttl)
    {
        var zoneAt = at + name.Offset(finding.ZoneLabel);
        reply.Writer.Pointer(zoneAt);
        reply.Writer.RecordFields(RecordType.SOA, ttl, 0);
        var length = reply.Writer.Position - sizeof(ushort);
        if (name.Suffix(finding.ZoneLabel).SequenceEqual(snapshot.Zone.Wire))
        {
            reply.Writer.Bytes(ZoneNames.NameServerLabel);
            reply.Writer.Bytes(ZoneNames.DnsLabel);
            reply.Writer.Pointer(zoneAt);
        }
        else
        {
            reply.Writer.Bytes(snapshot.Zone.NameServer);
        }

        reply.Writer.Bytes(Hostmaster);
        reply.Writer.Pointer(zoneAt);
        reply.Writer.U32BigEndian(snapshot.Serial);
        reply.Writer.U32BigEndian(Refresh);
        reply.Writer.U32BigEndian(Retry);
        reply.Writer.U32BigEndian(Expire);
        reply.Writer.U32BigEndian(snapshot.Ttl);
        reply.Writer.PatchLength(length);
    }

    /// <summary>The RDATA of the zone's own SOA, uncompressed.</summary>
    internal static byte[] StartOfAuthorityData(ZoneSnapshot snapshot)
    {
        byte[] names = [.. snapshot.Zone.NameServer, .. Hostmaster, .. snapshot.Zone.Wire];
        var data = new byte[names.Length + (5 * sizeof(uint))];
        var writer = new DnsWriter(data, 0, data.Length);
        writer.Bytes(names);
        foreach (var number in (ReadOnlySpan<uint>)[snapshot.Serial, Refresh, Retry, Expire, snapshot.Ttl])
        {
            writer.U32BigEndian(number);
        }

        return data;
    }

    private static bool Fits(ref ReplyBuilder reply, int recordStart)
    {
        if (reply.Writer.Overflowed)
        {
            reply.Writer.Rewind(recordStart);
            reply.Truncated = true;
            return false;
        }

        return true;
    }
}
