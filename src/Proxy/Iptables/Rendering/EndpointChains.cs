using System.Net;
using Dataplane.Proxy.Iptables.Rules;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;
using static Dataplane.Proxy.Iptables.Rules.RuleMatch;

namespace Dataplane.Proxy.Iptables.Rendering;

/// <summary>How a service port's chains choose an endpoint, and the chains of the endpoints themselves, each made once.</summary>
internal sealed class EndpointChains(ServicePortName port, string name, string protocol, bool withComments, ServiceRules rules)
{
    private readonly Dictionary<IPEndPoint, string> _endpoints = [];
    private readonly HashSet<string> _filled = [];

    /// <summary>Adds the choice to a chain that leads to a route's endpoints, unless another front end's route did.</summary>
    internal void Fill(List<IptablesRule> chain, string chainName, Route route, TimeSpan? affinity)
    {
        if (!_filled.Add(chainName))
        {
            return;
        }

        var targets = route.Endpoints.Select(target => new IPEndPoint(target.Address, target.Port)).ToList();
        var names = targets.ConvertAll(target => Endpoint(target, affinity is not null));
        if (affinity is { } timeout)
        {
            for (var index = 0; index < targets.Count; index++)
            {
                chain.Add(new IptablesRule(
                    new RuleTarget.Jump(names[index]),
                    [.. Commented($"{name} -> {targets[index]}"), new Remembered(names[index], (uint)timeout.TotalSeconds)]));
            }
        }

        for (var index = 0; index < targets.Count; index++)
        {
            // Each takes its share of what those before it left; the last one takes the rest.
            var left = targets.Count - index;
            chain.Add(new IptablesRule(
                new RuleTarget.Jump(names[index]),
                [.. Commented($"{name} -> {targets[index]}"), .. left > 1 ? new RuleMatch[] { new OneIn(left) } : []]));
        }
    }

    private string Endpoint(IPEndPoint target, bool isAffine)
    {
        if (_endpoints.TryGetValue(target, out var known))
        {
            return known;
        }

        var chain = ChainNames.Endpoint(name, protocol, target.ToString());
        _endpoints.Add(target, chain);
        rules.Chains.Add(new ServiceChain(
            chain,
            [
                // A connection given back to its own pod.
                new IptablesRule(new RuleTarget.Jump(ChainNames.MarkMasquerade), [.. Commented(name)]) { Source = RuleNetwork.Of(target.Address) },
                new IptablesRule(
                    new RuleTarget.DestinationNat(target),
                    [.. Commented(name), .. isAffine ? new RuleMatch[] { new Remember(chain) } : [], new Transport()])
                { Protocol = port.Protocol },
            ]));
        return chain;
    }

    private RuleMatch[] Commented(string text) => withComments ? [new Comment(text)] : [];
}
