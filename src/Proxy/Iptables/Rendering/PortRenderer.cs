using System.Net.Sockets;
using Dataplane.Proxy.Iptables.Rules;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;
using static Dataplane.Proxy.Iptables.Rules.RuleMatch;

namespace Dataplane.Proxy.Iptables.Rendering;

/// <summary>
/// One service port:
/// <code>
///   KUBE-SVC-H, KUBE-SVL-H  masquerade? affinity, then endpoints by chance    -> KUBE-SEP-...
///   KUBE-EXT-H              external traffic: masquerade, or pods and the node to KUBE-SVC-H and others to KUBE-SVL-H
///   KUBE-FW-H               sources a load-balancer address is open to        -> KUBE-EXT-H
/// </code>
/// </summary>
internal sealed class PortRenderer
{
    private static readonly RuleTarget ToMarkMasquerade = new RuleTarget.Jump(ChainNames.MarkMasquerade);
    private static readonly TableChain Services = new(IptablesTable.Nat, ChainNames.Services);
    private static readonly TableChain FilterServices = new(IptablesTable.Filter, ChainNames.Services);
    private static readonly TableChain ExternalServices = new(IptablesTable.Filter, ChainNames.ExternalServices);

    private readonly ServicePortName _port;
    private readonly AddressFamily _family;
    private readonly RuleOptions _options;
    private readonly EndpointChains _endpoints;
    private readonly ServiceRules _rules;
    private readonly string _name;
    private readonly string _hash;

    internal PortRenderer(ServicePortName port, AddressFamily family, RuleOptions options, bool withEndpointComments, ServiceRules rules)
    {
        (_port, _family, _options, _rules, _name) = (port, family, options, rules, port.ToString());
        var protocol = port.Protocol.ToString().ToLowerInvariant();
        _hash = ChainNames.ServicePortHash(_name, protocol);
        _endpoints = new EndpointChains(port, _name, protocol, withEndpointComments, rules);
    }

    internal void Render(IReadOnlyList<FrontEndPlan> frontEnds)
    {
        var chains = new Dictionary<string, List<IptablesRule>>();
        foreach (var plan in frontEnds.Where(plan => plan.Kind == FrontEndKind.ClusterIP))
        {
            RenderInternal(plan, chains);
        }

        var external = frontEnds.Where(plan => plan.Kind != FrontEndKind.ClusterIP).ToList();
        var forwarded = external.Find(plan => plan.Route.Action == RouteAction.Forward);
        foreach (var plan in external)
        {
            RenderDispatch(plan);
        }

        foreach (var plan in frontEnds)
        {
            Fill(plan.Route, plan.AffinityTimeout, chains);
            Fill(plan.OutsideRoute, plan.AffinityTimeout, chains);
        }

        _rules.Chains.AddRange(chains.Select(chain => new ServiceChain(chain.Key, chain.Value)));
        if (forwarded is not null)
        {
            _rules.Chains.Add(new ServiceChain(ChainNames.External(_hash), [.. ExternalRules(forwarded)]));
            if (external.Any(plan => !plan.SourceRanges.IsEmpty))
            {
                _rules.Chains.Add(new ServiceChain(ChainNames.SourceRanges(_hash), [.. SourceRangeRules(external)]));
            }
        }
    }

    private void RenderInternal(FrontEndPlan plan, Dictionary<string, List<IptablesRule>> chains)
    {
        if (plan.Route.Action != RouteAction.Forward)
        {
            Refuse(FilterServices, plan, plan.Route.Action);
            return;
        }

        var chain = ChainOf(plan.Route);
        var rule = At(plan, new RuleTarget.Jump(chain), $"{_name} cluster IP");
        _rules.Dispatch.Add(new DispatchRule(Services, rule));
        var masquerade = plan.Route.Masquerade switch
        {
            MasqueradePolicy.Always => rule with { Target = ToMarkMasquerade },
            // Whoever routes service addresses to this node from outside must get answers from it as well.
            MasqueradePolicy.OffCluster => _options.ForPods(rule with { Target = ToMarkMasquerade }, _family, negate: true),
            _ => null,
        };
        if (masquerade is not null)
        {
            Of(chains, chain).Add(masquerade);
        }
    }

    private void RenderDispatch(FrontEndPlan plan)
    {
        var isNodePort = plan.Kind == FrontEndKind.NodePort;
        if (plan.Route.Action == RouteAction.Forward)
        {
            var isFiltered = !plan.SourceRanges.IsEmpty;
            var target = new RuleTarget.Jump(isFiltered ? ChainNames.SourceRanges(_hash) : ChainNames.External(_hash));
            _rules.Dispatch.Add(isNodePort
                ? new DispatchRule(new TableChain(IptablesTable.Nat, ChainNames.NodePorts), At(plan, target, _name))
                : new DispatchRule(Services, At(plan, target, $"{_name} {(plan.Kind == FrontEndKind.ExternalIP ? "external" : "loadbalancer")} IP")));
            if (isFiltered)
            {
                _rules.Dispatch.Add(new DispatchRule(
                    new TableChain(IptablesTable.Filter, ChainNames.ProxyFirewall),
                    At(plan, new RuleTarget.Drop(), $"{_name} traffic not accepted by {ChainNames.SourceRanges(_hash)}")));
            }
        }

        var last = (plan.OutsideRoute ?? plan.Route).Action;
        if (last != RouteAction.Forward)
        {
            Refuse(ExternalServices, plan, last);
        }
    }

    private IEnumerable<IptablesRule> ExternalRules(FrontEndPlan plan)
    {
        var everybody = new RuleTarget.Jump(ChainOf(plan.Route));
        if (plan.OutsideRoute is not { } outside)
        {
            yield return new IptablesRule(ToMarkMasquerade, new Comment($"masquerade traffic for {_name} external destinations"));
            yield return new IptablesRule(everybody);
            yield break;
        }

        var fromPods = new IptablesRule(everybody, new Comment($"pod traffic for {_name} external destinations"));
        if (_options.ForPods(fromPods, _family, negate: false) is { } pods)
        {
            yield return pods;
        }

        var own = new OwnAddress(OfSource: true);
        yield return new IptablesRule(ToMarkMasquerade, new Comment($"masquerade LOCAL traffic for {_name} external destinations"), own);
        yield return new IptablesRule(everybody, new Comment($"route LOCAL traffic for {_name} external destinations"), own);
        if (outside.Action == RouteAction.Forward)
        {
            yield return new IptablesRule(new RuleTarget.Jump(ChainOf(outside)));
        }
    }

    private IEnumerable<IptablesRule> SourceRangeRules(IEnumerable<FrontEndPlan> external)
    {
        foreach (var range in external.SelectMany(plan => plan.SourceRanges).Distinct())
        {
            yield return new IptablesRule(new RuleTarget.Jump(ChainNames.External(_hash)), new Comment($"{_name} loadbalancer IP")) { Source = new RuleNetwork(range) };
        }

        // Says where the rest goes: it leaves nat as it came, and is dropped in filter.
        yield return new IptablesRule(null, new Comment($"other traffic to {_name} will be dropped by KUBE-PROXY-FIREWALL"));
    }

    private void Fill(Route? route, TimeSpan? affinity, Dictionary<string, List<IptablesRule>> chains)
    {
        if (route?.Action == RouteAction.Forward)
        {
            _endpoints.Fill(Of(chains, ChainOf(route)), ChainOf(route), route, affinity);
        }
    }

    private void Refuse(TableChain chain, FrontEndPlan plan, RouteAction action)
    {
        var reject = action == RouteAction.Reject;
        _rules.Dispatch.Add(new DispatchRule(
            chain,
            At(plan, reject ? new RuleTarget.Reject() : new RuleTarget.Drop(), $"{_name} has no {(reject ? "" : "local ")}endpoints", ownAddress: true)));
    }

    private IptablesRule At(FrontEndPlan plan, RuleTarget target, string comment, bool ownAddress = false)
    {
        var (text, transport) = (new Comment(comment), new Transport(plan.FrontEnd.Port));
        // In filter a node port is told by its address as well; nat's last rule has seen to that already.
        RuleMatch[] matches = plan.FrontEnd.Address is null && ownAddress ? [text, new OwnAddress(OfSource: false), transport] : [text, transport];
        return new IptablesRule(target, matches)
        {
            Protocol = _port.Protocol,
            Destination = plan.FrontEnd.Address is { } address ? RuleNetwork.Of(address) : null,
        };
    }

    private string ChainOf(Route route) => route.Scope == EndpointScope.Local ? ChainNames.Local(_hash) : ChainNames.Cluster(_hash);

    private static List<IptablesRule> Of(Dictionary<string, List<IptablesRule>> chains, string name)
    {
        if (!chains.TryGetValue(name, out var rules))
        {
            chains.Add(name, rules = []);
        }

        return rules;
    }
}
