using System.Globalization;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Nftables.Rules;
using Dataplane.Proxy.Planning;
using static Dataplane.Proxy.Nftables.Rules.Statement;

namespace Dataplane.Proxy.Nftables.Rendering;

/// <summary>
/// Chains that front ends share. None belongs to a Service: a chain stands for a number of endpoints and what is special about a front end, and finds
/// the rest by the packet's own destination. There are as many as there are different numbers, and they stay once made.
/// </summary>
/// <param name="family">The table.</param>
/// <param name="detector">How pods are told apart.</param>
/// <param name="mark">The masquerade mark.</param>
/// <param name="define">Takes a new chain; the same name always means the same rules.</param>
internal sealed class ChainTemplates(NftFamily family, LocalDetector detector, uint mark, Action<ChainDefinition> define)
{
    private readonly HashSet<string> _defined = [];

    /// <summary>Where a front end's verdict leads.</summary>
    internal NftVerdict For(FrontEndPlan plan, int slots, int outsideSlots)
    {
        var nodePort = plan.FrontEnd.Address is null;
        var verdict = ForRoute(plan.Route, new EndpointSets(nodePort, false), slots, plan.AffinityTimeout);
        if (plan.OutsideRoute is { } outside)
        {
            verdict = Split(verdict, ForRoute(outside, new EndpointSets(nodePort, true), outsideSlots, plan.AffinityTimeout));
        }

        return plan.SourceRanges.IsEmpty ? verdict : Firewall(verdict);
    }

    private NftVerdict ForRoute(Route route, EndpointSets sets, int slots, TimeSpan? affinity)
    {
        switch (route.Action)
        {
            case RouteAction.Drop:
                return NftVerdict.Drop;
            case RouteAction.Reject:
                return NftVerdict.Goto(Skeleton.RejectChain);
        }

        var name = string.Create(CultureInfo.InvariantCulture, $"{(sets.IsNodePort ? "nodeport-" : "")}{(sets.IsOutside ? "outside-" : "")}lb-{slots}");
        name += affinity is { } seconds ? string.Create(CultureInfo.InvariantCulture, $"-affinity-{seconds.TotalSeconds:F0}") : "";
        name += route.Masquerade switch
        {
            MasqueradePolicy.Always => "-masquerade",
            MasqueradePolicy.OffCluster => "-offcluster",
            MasqueradePolicy.FromNode => "-fromnode",
            _ => "",
        };
        return Define(name, () =>
        [
            .. MarkRules(route.Masquerade),
            .. affinity is { } timeout
                ? AffinityRules(sets, slots, timeout)
                : [[new Dnat(sets, slots)]],
        ]);
    }

    // A rule whose look-up fails is left there. So a client nobody knows goes from the second to the fourth, as does one whose endpoint is gone, and
    // when there is no room for another client, the fifth is left before the sixth.
    private static Statement[][] AffinityRules(EndpointSets sets, int slots, TimeSpan timeout) =>
    [
        [new ClearPriority()],
        [new Recall(sets, timeout)],
        [new DnatByNumber(sets)],
        [new PickNumber(sets, slots)],
        [new Remember(sets, timeout)],
        [new DnatByNumber(sets)],
    ];

    private NftVerdict Split(NftVerdict inside, NftVerdict outside) => Define($"{NameOf(inside)}_or_{NameOf(outside)}", () =>
    [
        .. PodMatches().Select(match => new[] { match, Follow(inside) }),
        [new MatchOwnAddress(Field.SourceAddress), Follow(inside)],
        [Follow(outside)],
    ]);

    private NftVerdict Firewall(NftVerdict inner) => Define($"ranges_{NameOf(inner)}", () =>
    [
        [new MatchSet([.. Keys.Address, Field.SourceAddress], Skeleton.SourceRanges, Negate: true), new Drop()],
        [Follow(inner)],
    ]);

    private NftVerdict Define(string name, Func<Statement[][]> rules)
    {
        if (_defined.Add(name))
        {
            define(new ChainDefinition(name, rules()));
        }

        return NftVerdict.Goto(name);
    }

    private IEnumerable<Statement[]> MarkRules(MasqueradePolicy policy) => policy switch
    {
        MasqueradePolicy.Always => [[new SetMark(mark)]],
        MasqueradePolicy.FromNode => [[new MatchOwnAddress(Field.SourceAddress), new SetMark(mark)]],
        MasqueradePolicy.OffCluster when PodMatches().Any() => [[.. PodMatches().Select(Negate), new SetMark(mark)]],
        _ => [],
    };

    private IEnumerable<Statement> PodMatches() => detector switch
    {
        LocalDetector.Networks networks => networks.Cidrs.Where(cidr => Families.Of(cidr.BaseAddress) == family)
            .Select(cidr => new MatchNetwork(Field.SourceAddress, cidr)),
        LocalDetector.Interface device => [new MatchInterface(device.Name, device.IsPrefix)],
        _ => [],
    };

    private static Statement Negate(Statement match) => match switch
    {
        MatchNetwork network => network with { Negate = true },
        MatchInterface device => device with { Negate = true },
        _ => throw new ArgumentException($"{match} has no negation"),
    };

    private static Statement Follow(NftVerdict verdict) => verdict.Chain is { } chain ? new Goto(chain) : new Drop();

    private static string NameOf(NftVerdict verdict) => verdict.Chain ?? "drop";
}
