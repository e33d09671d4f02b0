using System.Collections.Immutable;
using System.Net;
using Dataplane.Api;

namespace Dataplane.Proxy.ServiceModel;

/// <summary>Where ClusterIPs are taken from: all networks of all ServiceCIDRs, also of those that are going.</summary>
/// <remarks>Source: kubernetes pkg/proxy/config, ServiceCIDRConfig.</remarks>
internal sealed class ServiceRanges(FaultLog log)
{
    private readonly SortedDictionary<string, ImmutableArray<IPNetwork>> _networks = new(StringComparer.Ordinal);

    /// <summary>The same array until something differs.</summary>
    internal ImmutableArray<IPNetwork> Networks { get; private set; } = [];

    /// <param name="name">Which.</param>
    /// <param name="range">Null when it was deleted.</param>
    internal void Set(NamespacedName name, ServiceCIDR? range)
    {
        var faults = new List<string>();
        if (range is null)
        {
            _networks.Remove(name.Name);
        }
        else
        {
            _networks[name.Name] = AddressChecks.ReadNetworks(range.Spec.Cidrs, "spec.cidrs", faults);
        }

        log.Tell($"ServiceCIDR {name.Name}", faults);
        ImmutableArray<IPNetwork> all = [.. _networks.Values.SelectMany(networks => networks).Distinct()];
        if (!all.SequenceEqual(Networks))
        {
            Networks = all;
        }
    }
}
