using Dataplane.Api;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Nftables;

/// <summary>
/// In which order, and in how large pieces, a whole plan is put into the kernel: a transaction holds a lock and its elements' memory from its first
/// message to its commit, so none may grow with the cluster. What a node needs to come up goes first, then what load balancers ask about, then small
/// Services before large ones, so that most answer early.
/// </summary>
internal static class LoadOrder
{
    /// <summary>About 10 ms of the kernel's time.</summary>
    internal const int MostElements = 2000;

    /// <summary>Pieces of at most <see cref="MostElements"/> front ends and endpoints, but for a single Service that has more.</summary>
    internal static IEnumerable<IReadOnlyList<ServiceChange>> Pieces(ForwardingPlan plan)
    {
        var services = new List<(int Rank, int Weight, ServicePlan Plan)>(plan.Services.Count);
        foreach (var service in plan.Services.Values)
        {
            services.Add((Rank(service), Weight(service), service));
        }

        services.Sort((left, right) => left.Rank != right.Rank ? left.Rank - right.Rank : left.Weight - right.Weight);
        var piece = new List<ServiceChange>();
        var elements = 0;
        foreach (var (_, weight, service) in services)
        {
            if (elements > 0 && elements + weight > MostElements)
            {
                yield return piece;
                piece = [];
                elements = 0;
            }

            piece.Add(new ServiceChange(service.Name, null, service));
            elements += weight;
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
        _ => 3,
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
}
