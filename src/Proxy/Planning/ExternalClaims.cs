using System.Collections.Immutable;
using Dataplane.Api;

namespace Dataplane.Proxy.Planning;

/// <summary>
/// Who claims which external address and port. Users write external IPs, so two Services may claim one front end (ClusterIPs and NodePorts are allocated
/// by the API server): the first by name has it, whatever the order of events, and the next one takes over when it lets go.
/// </summary>
internal static class ExternalClaims
{
    internal static ImmutableDictionary<FrontEnd, ImmutableSortedSet<NamespacedName>> None { get; } =
        ImmutableDictionary<FrontEnd, ImmutableSortedSet<NamespacedName>>.Empty;

    private static readonly ImmutableSortedSet<NamespacedName> Nobody = ImmutableSortedSet.Create<NamespacedName>(
        comparer: Comparer<NamespacedName>.Create((left, right) => string.CompareOrdinal(left.ToString(), right.ToString())));

    /// <summary>Claims after some Services changed, and the Services that thereby win or lose a front end.</summary>
    internal static (ImmutableDictionary<FrontEnd, ImmutableSortedSet<NamespacedName>> Claims, IReadOnlySet<NamespacedName> Moved) Change(
        ImmutableDictionary<FrontEnd, ImmutableSortedSet<NamespacedName>> claims, IEnumerable<ServiceChange> changes)
    {
        var before = claims;
        var touched = new HashSet<FrontEnd>();
        foreach (var change in changes)
        {
            foreach (var frontEnd in change.Before?.Claimed ?? [])
            {
                touched.Add(frontEnd);
                var rest = claims.GetValueOrDefault(frontEnd, Nobody).Remove(change.Name);
                claims = rest.IsEmpty ? claims.Remove(frontEnd) : claims.SetItem(frontEnd, rest);
            }

            foreach (var frontEnd in change.After?.Claimed ?? [])
            {
                touched.Add(frontEnd);
                claims = claims.SetItem(frontEnd, claims.GetValueOrDefault(frontEnd, Nobody).Add(change.Name));
            }
        }

        var moved = new HashSet<NamespacedName>();
        foreach (var frontEnd in touched)
        {
            var (loser, winner) = (before.GetValueOrDefault(frontEnd, Nobody), claims.GetValueOrDefault(frontEnd, Nobody));
            if (loser.Count > 0 && winner.Count > 0 && loser.Min != winner.Min)
            {
                moved.Add(loser.Min);
                moved.Add(winner.Min);
            }
        }

        return (claims, moved);
    }

    /// <summary>A Service's plan with only the front ends it won.</summary>
    internal static ServicePlan Grant(ServicePlan plan, ImmutableDictionary<FrontEnd, ImmutableSortedSet<NamespacedName>> claims)
    {
        if (plan.Claimed.All(frontEnd => claims[frontEnd].Min == plan.Name))
        {
            return plan;
        }

        var lost = plan.Claimed.Where(frontEnd => claims[frontEnd].Min != plan.Name)
            .Select(frontEnd => new LostFrontEnd(frontEnd, claims[frontEnd].Min)).ToImmutableArray();
        var names = lost.Select(claim => claim.FrontEnd).ToHashSet();
        return plan with { FrontEnds = [.. plan.FrontEnds.Where(frontEnd => !names.Contains(frontEnd.FrontEnd))], Lost = lost };
    }
}

/// <summary>A front end another Service has.</summary>
/// <param name="FrontEnd">The front end.</param>
/// <param name="Owner">Who has it.</param>
internal readonly record struct LostFrontEnd(FrontEnd FrontEnd, NamespacedName Owner);
