using System.Net.Sockets;
using Dataplane.Proxy.Iptables.Rules;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Iptables.Rendering;

/// <summary>What shapes rules of every service: a change of it means writing all of them again.</summary>
/// <param name="Mark">The masquerade mark, a single bit.</param>
/// <param name="Detector">How pods are told from other sources.</param>
/// <param name="NodePorts">Where NodePorts answer.</param>
/// <param name="DropInvalid">False where the kernel lets packets outside a connection's window pass (nf_conntrack_tcp_be_liberal).</param>
internal sealed record RuleOptions(uint Mark, LocalDetector Detector, NodePortScope NodePorts, bool DropInvalid)
{
    /// <summary>A rule narrowed to pods' traffic, or to everything else; null where pods cannot be told.</summary>
    internal IptablesRule? ForPods(IptablesRule rule, AddressFamily family, bool negate)
    {
        switch (Detector)
        {
            case LocalDetector.Networks networks:
                // One network a family, as kube-proxy: a rule has but one source.
                foreach (var cidr in networks.Cidrs)
                {
                    if (cidr.BaseAddress.AddressFamily == family)
                    {
                        return rule with { Source = new RuleNetwork(cidr, negate) };
                    }
                }

                return null;
            case LocalDetector.Interface device:
                return rule with { Input = new RuleInterface(device.Name, device.IsPrefix, negate) };
            default:
                return null;
        }
    }
}
