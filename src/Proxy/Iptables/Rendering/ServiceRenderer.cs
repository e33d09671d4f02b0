using System.Net.Sockets;
using Dataplane.Proxy.Iptables.Rules;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;
using static Dataplane.Proxy.Iptables.Rules.RuleMatch;

namespace Dataplane.Proxy.Iptables.Rendering;

/// <summary>Renders a Service's plan into the chains and rules kube-proxy would write for it. Pure.</summary>
/// <param name="family">Of the tables.</param>
/// <param name="options">What shapes all rules.</param>
/// <param name="withEndpointComments">
/// Rules for single endpoints carry a comment of 256 bytes in the kernel; kube-proxy leaves it out in large clusters, and so does this mode.
/// </param>
internal sealed class ServiceRenderer(AddressFamily family, RuleOptions options, bool withEndpointComments)
{
    /// <summary>kube-proxy's threshold for leaving out what only helps the reader.</summary>
    internal const int LargeClusterEndpoints = 1000;

    /// <summary>Whether services have so many endpoints, counted as often as they are behind a service port.</summary>
    internal static bool IsLarge(IEnumerable<ServicePlan> services, AddressFamily family) => services.Sum(service => service.FrontEnds
        .Where(plan => plan.FrontEnd.Family == family)
        .GroupBy(plan => plan.ServicePort)
        .Sum(port => port.Max(plan => Math.Max(plan.Route.Endpoints.Length, plan.OutsideRoute?.Endpoints.Length ?? 0)))) > LargeClusterEndpoints;

    internal ServiceRules Render(ServicePlan? plan)
    {
        var rules = new ServiceRules();
        foreach (var port in (plan?.FrontEnds ?? []).Where(frontEnd => frontEnd.FrontEnd.Family == family).GroupBy(frontEnd => frontEnd.ServicePort))
        {
            new PortRenderer(port.Key, family, options, withEndpointComments, rules).Render([.. port]);
            if (plan?.HealthCheck is { } healthCheck)
            {
                rules.Dispatch.Add(new DispatchRule(
                    new TableChain(IptablesTable.Filter, ChainNames.NodePorts),
                    new IptablesRule(new RuleTarget.Accept(), new Comment($"{port.Key} health check node port"), new Transport(healthCheck.Port.Value))
                    {
                        Protocol = TransportProtocol.Tcp,
                    }));
            }
        }

        return rules;
    }
}
