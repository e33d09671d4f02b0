namespace Dataplane.Dns.Zones;

/// <summary>What a zone has to say about a name and type.</summary>
internal enum FindingKind
{
    /// <summary>Outside every zone held here.</summary>
    NotOurs,

    /// <summary>The name does not exist.</summary>
    NameError,

    /// <summary>The name exists, or has names below it, without records of the type.</summary>
    NoData,
    Addresses,

    /// <summary>One address that the name itself spells.</summary>
    SpelledAddress,
    Ports,
    Pointers,
    CanonicalName,
    StartOfAuthority,
    NameServer,
    Version,
}

/// <summary>A finding with the records it is about; only the property its kind names is set.</summary>
internal readonly struct Finding
{
    private Finding(FindingKind kind) => Kind = kind;

    internal FindingKind Kind { get; }

    internal AddressRecords? Addresses { get; private init; }

    internal PortRecords? Ports { get; private init; }

    internal PointerRecords? Pointers { get; private init; }

    /// <summary>The service that <see cref="Ports"/> or the alias belongs to.</summary>
    internal ServiceRecords? Service { get; private init; }

    /// <summary>Label of the query's name at which the zone that answers begins: the owner of a negative answer's SOA.</summary>
    internal int ZoneLabel { get; private init; }

    internal static Finding NotOurs => new(FindingKind.NotOurs);

    internal static Finding Of(FindingKind kind, int zoneLabel) => new(kind) { ZoneLabel = zoneLabel };

    internal static Finding Of(AddressRecords? addresses, int zoneLabel) =>
        addresses is null ? Of(FindingKind.NoData, zoneLabel) : new(FindingKind.Addresses) { Addresses = addresses, ZoneLabel = zoneLabel };

    internal static Finding Of(PortRecords? ports, ServiceRecords service, int zoneLabel) =>
        ports is null ? Of(FindingKind.NoData, zoneLabel) : new(FindingKind.Ports) { Ports = ports, Service = service, ZoneLabel = zoneLabel };

    internal static Finding Of(PointerRecords pointers, int zoneLabel) => new(FindingKind.Pointers) { Pointers = pointers, ZoneLabel = zoneLabel };

    internal static Finding Alias(ServiceRecords service, int zoneLabel) =>
        new(FindingKind.CanonicalName) { Service = service, ZoneLabel = zoneLabel };
}
