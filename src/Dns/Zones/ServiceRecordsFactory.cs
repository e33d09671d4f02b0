using System.Net;
using System.Net.Sockets;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Zones;

/// <summary>
/// Derives a service's records from the Service and its EndpointSlices: a pure function of them (DNS-Based Service Discovery
/// 1.1.0, sections 2.3 to 2.5; endpoint names as CoreDNS gives them).
/// </summary>
internal static class ServiceRecordsFactory
{
    /// <returns>
    /// <see langword="null"/> when the name does not exist: a headless service without a ready endpoint, a service that has no
    /// address yet, or a name that fits no label.
    /// </returns>
    internal static ServiceRecords? Create(ZoneOptions options, ServiceShape service, IEnumerable<SliceShape> slices)
    {
        var ttl = options.Ttl;
        if (ZoneNames.ServiceKey(service.Namespace, service.Name) is not { } key)
        {
            return null;
        }

        var name = options.Zone.ServiceName(key);
        if (service.ExternalName is { } external)
        {
            return CanonicalName(external) is { } target
                ? new ServiceRecords(key, name, Host([], [], ttl), [], [], null) { CanonicalName = target }
                : null;
        }

        var endpoints = ReadyEndpoints(slices).ToList();
        var hosts = Hosts(endpoints, ttl);
        if (service.ClusterAddresses.Length > 0)
        {
            if (options.HidesEmptyServices && endpoints.Count == 0)
            {
                return null;
            }

            var self = Host([], service.ClusterAddresses, ttl);
            var ports = service.Ports.Select(port => new NamedTarget(port.Name, port.Protocol, new ServiceTarget(port.Number, self)));
            return Create(key, name, self, hosts.Values, ports.ToList(), hasClusterAddress: true);
        }

        if (hosts.Count == 0 || !service.IsHeadless)
        {
            return null;
        }

        var all = Host([], endpoints.Select(endpoint => endpoint.Address), ttl);
        var targets = endpoints.SelectMany(endpoint => endpoint.Ports.Select(port =>
            new NamedTarget(port.Name, port.Protocol, new ServiceTarget(port.Number, hosts[endpoint.Label]))));
        return Create(key, name, all, hosts.Values, targets.Distinct().ToList(), hasClusterAddress: false);
    }

    private static ServiceRecords Create(
        byte[] key, byte[] name, HostRecords self, IEnumerable<HostRecords> hosts, List<NamedTarget> targets, bool hasClusterAddress)
    {
        var ports = targets.Where(target => target.Port.Length > 0)
            .GroupBy(target => (target.Port, target.Protocol))
            .Select(group => Ports(DnsName.Label("_" + group.Key.Port), DnsName.Label("_" + group.Key.Protocol), [.. group]))
            .OfType<PortRecords>();
        return new ServiceRecords(key, name, self, hosts, [.. ports], targets.Count == 0 ? null : Ports([], [], targets)!)
        {
            HasClusterAddress = hasClusterAddress,
        };
    }

    private static PortRecords? Ports(byte[]? port, byte[]? protocol, List<NamedTarget> targets)
    {
        if (port is null || protocol is null)
        {
            return null;
        }

        // Two families of one host count twice although they make one SRV record: weights are CoreDNS's to the digit.
        var pairs = targets.Sum(target => target.Target.Host.AddressCount);
        return new PortRecords(port, protocol, (ushort)Math.Max(1, 100 / pairs), [.. targets.Select(target => target.Target).Distinct()]);
    }

    /// <summary>A host has every address that goes by its label, over all slices (RFC 1035 knows no order among them).</summary>
    private static Dictionary<string, HostRecords> Hosts(List<ReadyEndpoint> endpoints, uint ttl)
    {
        var hosts = new Dictionary<string, HostRecords>(StringComparer.Ordinal);
        foreach (var group in endpoints.GroupBy(endpoint => endpoint.Label))
        {
            hosts.Add(group.Key, Host(DnsName.Label(group.Key)!, group.Select(endpoint => endpoint.Address), ttl));
        }

        return hosts;
    }

    private static HostRecords Host(byte[] label, IEnumerable<IPAddress> addresses, uint ttl) => new(
        label,
        AddressRecords.Encode(addresses, AddressFamily.InterNetwork, ttl),
        AddressRecords.Encode(addresses, AddressFamily.InterNetworkV6, ttl));

    private static IEnumerable<ReadyEndpoint> ReadyEndpoints(IEnumerable<SliceShape> slices) =>
        from slice in slices
        from endpoint in slice.Endpoints
        select new ReadyEndpoint(EndpointLabel(endpoint), endpoint.Address, slice.Ports);

    private static string EndpointLabel(in ReadyAddress endpoint)
    {
        if (endpoint.Hostname is { Length: > 0 } hostname && DnsName.Label(hostname) is not null)
        {
            return hostname.ToLowerInvariant();
        }

        // Not ToString, whose text the address would keep for good.
        Span<char> text = stackalloc char[64];
        endpoint.Address.TryFormat(text, out var length);
        var dashed = text[..length];
        dashed.Replace('.', '-');
        dashed.Replace(':', '-');

        // CoreDNS's rule: a label must not end in a dash, so "fd00::" becomes "fd00--0".
        return dashed[^1] == '-' ? string.Concat(dashed, "0") : new string(dashed);
    }

    private static byte[]? CanonicalName(string target)
    {
        try
        {
            return target.Length > 0 ? DnsName.ParseLower(target) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private sealed record ReadyEndpoint(string Label, IPAddress Address, PortShape[] Ports);

    private readonly record struct NamedTarget(string Port, string Protocol, ServiceTarget Target);
}
