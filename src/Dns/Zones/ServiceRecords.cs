using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Zones;

/// <summary>A name that addresses stand at: the service itself (empty label) or one of its endpoints.</summary>
/// <param name="Label">Wire label with its length byte, in front of the service's name.</param>
internal sealed record HostRecords(byte[] Label, AddressRecords? A, AddressRecords? AAAA)
{
    internal int AddressCount => (A?.Count ?? 0) + (AAAA?.Count ?? 0);

    internal AddressRecords? OfType(RecordType type) => type switch
    {
        RecordType.A => A,
        RecordType.AAAA => AAAA,
        _ => null,
    };
}

/// <summary>One SRV record's variable part.</summary>
internal readonly record struct ServiceTarget(ushort Port, HostRecords Host);

/// <summary>The SRV records of one owner name: <c>_http._tcp</c> before the service, or the service itself with all ports.</summary>
/// <param name="Port">Wire label <c>_http</c>; empty for the service's own name.</param>
/// <param name="Protocol">Wire label <c>_tcp</c>; empty for the service's own name.</param>
/// <param name="Weight">The same for all: 100 over the number of address and port pairs, at least 1.</param>
internal sealed record PortRecords(byte[] Port, byte[] Protocol, ushort Weight, ServiceTarget[] Targets);

/// <summary>
/// Everything the zone holds for one Service, as one immutable object: a change of the service replaces it in one step, so no
/// reader ever sees half of it. Endpoint names exist for services with a cluster address as well, as in CoreDNS.
/// </summary>
internal sealed class ServiceRecords
{
    private static readonly Comparer<HostRecords> ByLabel = Comparer<HostRecords>.Create((a, b) => a.Label.AsSpan().SequenceCompareTo(b.Label));

    private readonly HostRecords[] _hosts;
    private readonly PortRecords[] _ports;

    internal ServiceRecords(byte[] key, byte[] name, HostRecords self, IEnumerable<HostRecords> hosts, PortRecords[] ports, PortRecords? allPorts)
    {
        Key = key;
        Name = name;
        Self = self;
        _hosts = [.. hosts];
        Array.Sort(_hosts, ByLabel);
        _ports = ports;
        AllPorts = allPorts;
    }

    /// <summary>Wire labels of service and namespace, without root: the slice of a query's name that finds this object.</summary>
    internal byte[] Key { get; }

    /// <summary>The service's full wire name, lower case.</summary>
    internal byte[] Name { get; }

    /// <summary>Cluster addresses, or a headless service's ready endpoints.</summary>
    internal HostRecords Self { get; }

    /// <summary>Endpoint names in the order of their labels.</summary>
    internal ReadOnlySpan<HostRecords> Hosts => _hosts;

    /// <summary>SRV records by port name.</summary>
    internal ReadOnlySpan<PortRecords> Ports => _ports;

    /// <summary>What SRV on the bare service name returns; <see langword="null"/> without ports.</summary>
    internal PortRecords? AllPorts { get; }

    /// <summary>True when the cluster addresses are virtual: their PTR is the service's name.</summary>
    internal bool HasClusterAddress { get; init; }

    /// <summary>Full wire name an ExternalName service is an alias of.</summary>
    internal byte[]? CanonicalName { get; init; }

    /// <param name="label">A wire label with its length byte.</param>
    internal HostRecords? FindHost(ReadOnlySpan<byte> label)
    {
        var (low, high) = (0, _hosts.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = label.SequenceCompareTo(_hosts[middle].Label);
            if (order == 0)
            {
                return _hosts[middle];
            }

            (low, high) = order < 0 ? (low, middle - 1) : (middle + 1, high);
        }

        return null;
    }

    /// <param name="port">Wire label <c>_http</c>.</param>
    /// <param name="protocol">Wire label <c>_tcp</c>.</param>
    internal PortRecords? FindPort(ReadOnlySpan<byte> port, ReadOnlySpan<byte> protocol)
    {
        foreach (var candidate in _ports)
        {
            if (port.SequenceEqual(candidate.Port) && protocol.SequenceEqual(candidate.Protocol))
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary><c>_tcp</c> before a service owns nothing but has names below it: it exists (RFC 8020).</summary>
    internal bool HasProtocol(ReadOnlySpan<byte> protocol)
    {
        foreach (var candidate in _ports)
        {
            if (protocol.SequenceEqual(candidate.Protocol))
            {
                return true;
            }
        }

        return false;
    }
}
