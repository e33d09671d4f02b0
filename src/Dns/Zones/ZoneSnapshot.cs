namespace Dataplane.Dns.Zones;

/// <summary>How pod names <c>a-b-c-d.NS.pod.ZONE</c> are answered (CoreDNS's words).</summary>
public enum PodRecordMode
{
    /// <summary>They do not exist.</summary>
    Disabled,

    /// <summary>Every address in an existing namespace is one, whether or not a pod has it; kubeadm's choice.</summary>
    Insecure,

    /// <summary>Only addresses of pods in that namespace.</summary>
    Verified,
}

/// <summary>
/// The zone as of one moment: immutable, shared by all threads, replaced whole. Successive snapshots share all but the pages
/// of the tables that changed.
/// </summary>
internal sealed record ZoneSnapshot
{
    internal required ZoneNames Zone { get; init; }

    /// <summary>Zones under in-addr.arpa and ip6.arpa in which an unknown address does not exist, rather than being asked upstream.</summary>
    internal ZoneNames[] ReverseZones { get; init; } = [];

    /// <summary>Seconds that clients may keep an answer.</summary>
    internal required uint Ttl { get; init; }

    internal PodRecordMode Pods { get; init; }

    /// <summary>SOA serial: seconds since 1970 of the last change, never running backwards.</summary>
    internal uint Serial { get; init; }

    /// <summary>False until every watched kind was listed once; until then a missing name proves nothing.</summary>
    internal bool Synced { get; init; }

    internal NameTable<ServiceRecords> Services { get; init; } = NameTable<ServiceRecords>.Empty;

    /// <summary>Keyed by the namespace's wire label; the value is the key.</summary>
    internal NameTable<byte[]> Namespaces { get; init; } = NameTable<byte[]>.Empty;

    /// <summary>Keyed by the 4 or 16 address bytes.</summary>
    internal NameTable<PointerRecords> Pointers { get; init; } = NameTable<PointerRecords>.Empty;

    /// <summary>Keyed by the namespace's wire label and the address bytes; the value is the key. Filled for verified pods only.</summary>
    internal NameTable<byte[]> PodAddresses { get; init; } = NameTable<byte[]>.Empty;

    /// <summary>The wire label of the namespace that the pod with an address is in. Filled for verified pods only.</summary>
    internal NameTable<byte[]> PodNamespaces { get; init; } = NameTable<byte[]>.Empty;

    /// <summary>Not all namespaces are followed: a service in another one has no name.</summary>
    internal bool RestrictsNamespaces { get; init; }

    /// <summary>When the API server last told of anything, or said that there is nothing to tell.</summary>
    internal DateTimeOffset AsOf { get; init; }

    /// <summary>The addresses of <c>ns.dns.ZONE</c>.</summary>
    internal HostRecords NameServer { get; init; } = new([], null, null);
}
