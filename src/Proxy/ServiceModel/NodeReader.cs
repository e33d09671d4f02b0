using System.Collections.Immutable;
using System.Net;
using Dataplane.Api;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.ServiceModel;

/// <summary>Reads the proxy's own Node object.</summary>
internal static class NodeReader
{
    // Cluster autoscaler puts it on a node it is about to remove (KEP-3836).
    private const string DeletionTaint = "ToBeDeletedByClusterAutoscaler";

    /// <param name="name">The node's name, also when there is no object.</param>
    /// <param name="node">Null when it is not there.</param>
    /// <param name="faults">Takes what cannot be read.</param>
    /// <param name="address">What takes the place of its primary address of this family; null for what the object says.</param>
    internal static NodeFacts Read(string name, Node? node, List<string> faults, IPAddress? address = null)
    {
        var addresses = node is null ? [] : PrimaryAddresses(node);
        return new NodeFacts(name, node is null ? null : ZoneOf(node))
        {
            PodCidrs = node is null ? [] : PodCidrs(node, faults),
            Addresses = address is null ? addresses : [address, .. addresses.Where(other => other.AddressFamily != address.AddressFamily)],
        };
    }

    /// <summary>Whether load balancers should send to it.</summary>
    internal static bool IsEligible(Node node) => node.Metadata.DeletionTimestamp is null && node.Spec.Taints.All(taint => taint.Key != DeletionTaint);

    private static string? ZoneOf(Node node) => node.Metadata.Labels.GetValueOrDefault(ServiceLabels.Zone);

    private static ImmutableArray<IPNetwork> PodCidrs(Node node, List<string> faults) => AddressChecks.ReadNetworks(
        node.Spec.PodCIDRs.Count > 0 ? node.Spec.PodCIDRs : node.Spec.PodCIDR is { Length: > 0 } only ? [only] : [], "spec.podCIDRs", faults);

    // Source: k8s.io/component-helpers node/util GetNodeHostIPs.
    private static ImmutableArray<IPAddress> PrimaryAddresses(Node node)
    {
        var addresses = ImmutableArray.CreateBuilder<IPAddress>();
        foreach (var type in new[] { "InternalIP", "ExternalIP" })
        {
            foreach (var entry in node.Status.Addresses.Where(entry => entry.Type == type))
            {
                if (AddressChecks.TryParse(entry.Address, out var address) && addresses.All(other => other.AddressFamily != address.AddressFamily))
                {
                    addresses.Add(address);
                }
            }
        }

        return addresses.ToImmutable();
    }
}
