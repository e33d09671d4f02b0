using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Zones;

/// <summary>
/// Finds a name, read from the right as the specification builds it:
/// <code>
/// ZONE                                     SOA, NS
/// dns-version.ZONE  ns.dns.ZONE            TXT, A/AAAA
/// NS.svc.ZONE                              exists when the namespace does
/// SVC.NS.svc.ZONE                          A/AAAA, SRV, CNAME
/// HOST.SVC.NS.svc.ZONE                     A/AAAA of an endpoint
/// _PORT._PROTO.SVC.NS.svc.ZONE             SRV
/// A-B-C-D.NS.pod.ZONE                      the address it spells
/// D.C.B.A.in-addr.arpa                     PTR
/// </code>
/// </summary>
internal static class ZoneLookup
{
    /// <summary>ClassType ANY and unknown types are answered as NODATA or NXDOMAIN like any type the name lacks.</summary>
    internal static Finding Find(ZoneSnapshot snapshot, in NameView name, RecordType type)
    {
        var zone = snapshot.Zone;
        if (!name.EndsWith(zone.Wire, zone.LabelCount))
        {
            return FindReverse(snapshot, name, type);
        }

        var own = name.LabelCount - zone.LabelCount;
        if (own == 0)
        {
            return Apex(type, own);
        }

        var top = name.Labels(own - 1, own);
        if (top.SequenceEqual(ZoneNames.ServiceLabel))
        {
            return FindService(snapshot, name, own, type);
        }

        if (top.SequenceEqual(ZoneNames.PodLabel))
        {
            return FindPod(snapshot, name, own, type);
        }

        if (top.SequenceEqual(ZoneNames.DnsLabel))
        {
            return own switch
            {
                1 => Finding.Of(FindingKind.NoData, own),
                2 when name.Labels(0, 1).SequenceEqual(ZoneNames.NameServerLabel) => Finding.Of(snapshot.NameServer.OfType(type), own),
                _ => Finding.Of(FindingKind.NameError, own),
            };
        }

        return own == 1 && top.SequenceEqual(ZoneNames.VersionLabel)
            ? Finding.Of(type == RecordType.TXT ? FindingKind.Version : FindingKind.NoData, own)
            : Finding.Of(FindingKind.NameError, own);
    }

    private static Finding Apex(RecordType type, int own) => Finding.Of(
        type switch
        {
            RecordType.SOA => FindingKind.StartOfAuthority,
            RecordType.NS => FindingKind.NameServer,
            _ => FindingKind.NoData,
        },
        own);

    private static Finding FindService(ZoneSnapshot snapshot, in NameView name, int own, RecordType type)
    {
        if (own <= 2)
        {
            var exists = own == 1 || snapshot.Namespaces.TryGet(name.Labels(0, 1), out _);
            return Finding.Of(exists ? FindingKind.NoData : FindingKind.NameError, own);
        }

        if (own > 5 || !snapshot.Services.TryGet(name.Labels(own - 3, own - 1), out var service)
            || (snapshot.RestrictsNamespaces && !snapshot.Namespaces.TryGet(name.Labels(own - 2, own - 1), out _)))
        {
            return Finding.Of(FindingKind.NameError, own);
        }

        return own switch
        {
            3 when service.CanonicalName is not null => Finding.Alias(service, own),
            3 when type == RecordType.SRV => Finding.Of(service.AllPorts, service, own),
            3 => Finding.Of(service.Self.OfType(type), own),
            4 => FindChild(service, name.Labels(0, 1), own, type),
            _ => service.FindPort(name.Labels(0, 1), name.Labels(1, 2)) is { } ports
                ? Finding.Of(type == RecordType.SRV ? ports : null, service, own)
                : Finding.Of(FindingKind.NameError, own),
        };
    }

    private static Finding FindChild(ServiceRecords service, ReadOnlySpan<byte> label, int own, RecordType type)
    {
        if (service.FindHost(label) is { } host)
        {
            return Finding.Of(host.OfType(type), own);
        }

        return Finding.Of(service.HasProtocol(label) ? FindingKind.NoData : FindingKind.NameError, own);
    }

    private static Finding FindPod(ZoneSnapshot snapshot, in NameView name, int own, RecordType type)
    {
        if (snapshot.Pods == PodRecordMode.Disabled || own > 3)
        {
            return Finding.Of(FindingKind.NameError, own);
        }

        if (own == 1)
        {
            return Finding.Of(FindingKind.NoData, own);
        }

        var parent = name.Labels(own - 2, own - 1);
        if (own == 2 || !snapshot.Namespaces.TryGet(parent, out _))
        {
            return Finding.Of(snapshot.Namespaces.TryGet(parent, out _) ? FindingKind.NoData : FindingKind.NameError, own);
        }

        Span<byte> key = stackalloc byte[NameView.MaxLength];
        parent.CopyTo(key);
        var size = AddressNames.FromDashed(name.Label(0), key[parent.Length..]);
        if (size == 0 || (snapshot.Pods == PodRecordMode.Verified && !snapshot.PodAddresses.TryGet(key[..(parent.Length + size)], out _)))
        {
            return Finding.Of(FindingKind.NameError, own);
        }

        return Finding.Of(type == (size == 4 ? RecordType.A : RecordType.AAAA) ? FindingKind.SpelledAddress : FindingKind.NoData, own);
    }

    /// <summary>
    /// Reverse names of addresses the cluster has are answered wherever they are; of the others, those in a configured reverse
    /// zone do not exist and the rest is somebody else's.
    /// </summary>
    private static Finding FindReverse(ZoneSnapshot snapshot, in NameView name, RecordType type)
    {
        if (!AddressNames.IsReverse(name))
        {
            return Finding.NotOurs;
        }

        var zoneLabel = -1;
        foreach (var zone in snapshot.ReverseZones)
        {
            if (name.EndsWith(zone.Wire, zone.LabelCount))
            {
                zoneLabel = name.LabelCount - zone.LabelCount;
            }
        }

        if (zoneLabel == 0)
        {
            return Apex(type, 0);
        }

        Span<byte> address = stackalloc byte[16];
        var size = AddressNames.FromReverse(name, address);
        if (size > 0 && snapshot.Pointers.TryGet(address[..size], out var pointers))
        {
            var owner = zoneLabel > 0 ? zoneLabel : name.LabelCount - 2;
            return type == RecordType.PTR ? Finding.Of(pointers, owner) : Finding.Of(FindingKind.NoData, owner);
        }

        if (zoneLabel < 0)
        {
            return Finding.NotOurs;
        }

        return Finding.Of(AddressNames.IsPartOfReverse(name, zoneLabel) ? FindingKind.NoData : FindingKind.NameError, zoneLabel);
    }
}
