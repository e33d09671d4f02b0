using Dataplane.Api;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Nftables;

/// <summary>
/// In which order, and in how large pieces, a whole plan is put into the kernel: a transaction holds a lock and its elements' memory from its first
/// message to its commit, so none may grow with the cluster. What a node needs to come up goes first, then what load balancers ask about, then what clients
/// are connected to, then small Services before large ones, so that most answer early.
/// </summary>
internal static class LoadOrder
{
    /// <summary>About 10 ms of the kernel's time.</summary>
    internal const int MostElements = 2000;

    private const int LastRank = 4;

    /// <summary>Pieces of at most <see cref="MostElements"/> front ends and endpoints, but for a single Service that has more.</summary>
    /// <param name="plan">All of it.</param>
    /// <param name="inUse">Front ends that come before the many others, asked for as late as it makes a difference; null for none.</param>
    internal static IEnumerable<IReadOnlyList<ServiceChange>> Pieces(ForwardingPlan plan, Func<IReadOnlySet<FrontEnd>>? inUse = null)
    {
        var (first, others) = (new List<RankedService>(), new List<RankedService>(plan.Services.Count));
        foreach (var service in plan.Services.Values)
        {
            var rank = Rank(service);
            (rank < LastRank ? first : others).Add(new RankedService(rank, Weight(service), service));
        }

        foreach (var piece in Pieces(first))
        {
            yield return piece;
        }

        if (inUse?.Invoke() is { Count: > 0 } used)
        {
            for (var index = 0; index < others.Count; index++)
            {
                if (others[index].Plan.FrontEnds.Any(plan => used.Contains(plan.FrontEnd)))
                {
                    others[index] = others[index] with { Rank = LastRank - 1 };
                }
            }
        }

        foreach (var piece in Pieces(others))
        {
            yield return piece;
        }
    }

    private static IEnumerable<IReadOnlyList<ServiceChange>> Pieces(List<RankedService> services)
    {
        services.Sort((left, right) => left.Rank != right.Rank ? left.Rank - right.Rank : left.Weight - right.Weight);
        var piece = new List<ServiceChange>();
        var (elements, rank) = (0, 0);
        foreach (var service in services)
        {
            // What matters more is not held up by what matters less.
            if (elements > 0 && (elements + service.Weight > MostElements || service.Rank != rank))
            {
                yield return piece;
                piece = [];
                elements = 0;
            }

            piece.Add(new ServiceChange(service.Plan.Name, null, service.Plan));
            elements += service.Weight;
            rank = service.Rank;
        }

        if (piece.Count > 0)
        {
            yield return piece;
        }
    }

    private static int Rank(ServicePlan service) => service switch
    {
        { Name: { Namespace: "default", Name: "kubernetes" } } => 0,
        { Name.Namespace: "kube-system" } => 1,
        { HealthCheck: not null } => 2,
        _ => LastRank,
    };

    private static int Weight(ServicePlan service)
    {
        var weight = 0;
        foreach (var frontEnd in service.FrontEnds)
        {
            weight += 2 + frontEnd.Route.Endpoints.Length + (frontEnd.OutsideRoute?.Endpoints.Length ?? 0) + frontEnd.SourceRanges.Length;
        }

        return weight;
    }

    private readonly record struct RankedService(int Rank, int Weight, ServicePlan Plan);
}
