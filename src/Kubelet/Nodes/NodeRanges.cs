using System.Net;
using Dataplane.Api;

namespace Dataplane.Kubelet.Nodes;

/// <summary>Where a node's pods get their addresses from.</summary>
internal static class NodeRanges
{
    /// <summary>What is no range is left out.</summary>
    internal static IEnumerable<IPNetwork> Of(Node node)
    {
        foreach (var text in node.Spec.PodCIDRs.Append(node.Spec.PodCIDR).Distinct())
        {
            if (IPNetwork.TryParse(text, out var range))
            {
                yield return range;
            }
        }
    }
}
