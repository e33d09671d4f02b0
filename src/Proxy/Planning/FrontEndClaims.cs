using System.Collections.Immutable;
using Dataplane.Api;

namespace Dataplane.Proxy.Planning;

/// <summary>
/// Who claims which front end. Users write external IPs, so two Services may want one front end: whoever got it from the API server's allocation (a
/// ClusterIP, a NodePort) has it before one that wrote it down, then the first by name, whatever the order of events; the next one takes over when it
/// lets go.
/// </summary>
internal static class FrontEndClaims
{
    internal static ImmutableDictionary<FrontEnd, ImmutableArray<Claimant>> None { get; } = ImmutableDictionary<FrontEnd, ImmutableArray<Claimant>>.Empty;

    /// <summary>Claims after some Services changed, and the Services that thereby win or lose a front end.</summary>
    internal static (ImmutableDictionary<FrontEnd, ImmutableArray<Claimant>> Claims, IReadOnlySet<NamespacedName> Moved) Change(
        ImmutableDictionary<FrontEnd, ImmutableArray<Claimant>> claims, IEnumerable<ServiceChange> changes)
    {
        ImmutableDictionary<FrontEnd, ImmutableArray<Claimant>>.Builder? next = null;
        var touched = new HashSet<FrontEnd>();
        foreach (var change in changes)
        {
            // Endpoints change often and front ends rarely.
            if (change is { Before: { } old, After: { } plan } && old.Claimed.SequenceEqual(plan.Claimed))
            {
                continue;
            }

            next ??= claims.ToBuilder();
            foreach (var claim in change.Before?.Claimed ?? [])
            {
                touched.Add(claim.FrontEnd);
                var rest = next[claim.FrontEnd].Remove(claim.By(change.Name));
                if (rest.IsEmpty)
                {
                    next.Remove(claim.FrontEnd);
                }
                else
                {
                    next[claim.FrontEnd] = rest;
                }
            }

            foreach (var claim in change.After?.Claimed ?? [])
            {
                touched.Add(claim.FrontEnd);
                var others = next.GetValueOrDefault(claim.FrontEnd, []);
                next[claim.FrontEnd] = others.IsEmpty ? [claim.By(change.Name)] : others.Add(claim.By(change.Name)).Sort();
            }
        }

        if (next is null)
        {
            return (claims, ImmutableHashSet<NamespacedName>.Empty);
        }

        var moved = new HashSet<NamespacedName>();
        foreach (var frontEnd in touched)
        {
            if (claims.TryGetValue(frontEnd, out var losers) && next.TryGetValue(frontEnd, out var winners) && losers[0].Service != winners[0].Service)
            {
                moved.Add(losers[0].Service);
                moved.Add(winners[0].Service);
            }
        }

        return (next.ToImmutable(), moved);
    }

    /// <summary>A Service's plan with only the front ends it won.</summary>
    internal static ServicePlan Grant(ServicePlan plan, ImmutableDictionary<FrontEnd, ImmutableArray<Claimant>> claims)
    {
        List<LostFrontEnd>? lost = null;
        foreach (var claim in plan.Claimed)
        {
            if (claims[claim.FrontEnd][0].Service is var owner && owner != plan.Name)
            {
                (lost ??= []).Add(new LostFrontEnd(claim.FrontEnd, owner));
            }
        }

        return lost is null ? plan : plan with
        {
            FrontEnds = [.. plan.FrontEnds.Where(frontEnd => !lost.Exists(claim => claim.FrontEnd == frontEnd.FrontEnd))],
            Lost = [.. lost],
        };
    }
}

/// <summary>A front end a Service wants.</summary>
/// <param name="FrontEnd">The front end.</param>
/// <param name="Allocated">The API server gave it to the Service alone.</param>
internal readonly record struct FrontEndClaim(FrontEnd FrontEnd, bool Allocated)
{
    internal Claimant By(NamespacedName service) => new(Allocated, service);
}

/// <summary>Who wants a front end; the least one has it.</summary>
/// <param name="Allocated">See <see cref="FrontEndClaim.Allocated"/>.</param>
/// <param name="Service">The Service.</param>
internal readonly record struct Claimant(bool Allocated, NamespacedName Service) : IComparable<Claimant>
{
    public int CompareTo(Claimant other) =>
        Allocated != other.Allocated ? (Allocated ? -1 : 1) : string.CompareOrdinal(Service.ToString(), other.Service.ToString());
}

/// <summary>A front end another Service has.</summary>
/// <param name="FrontEnd">The front end.</param>
/// <param name="Owner">Who has it.</param>
internal readonly record struct LostFrontEnd(FrontEnd FrontEnd, NamespacedName Owner);
