using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Tests.Planning;

/// <summary>Plans as lines a table of expectations can hold.</summary>
internal static class PlanText
{
    internal static string Of(ForwardingPlan plan) => string.Join('\n', plan.Services.Values
        .SelectMany(service => service.FrontEnds).Select(Of).Order(StringComparer.Ordinal));

    /// <summary>"TCP 10.96.0.1:80 > 10.244.1.5:8080 OffCluster"; after a bar, what outside clients get when that differs.</summary>
    internal static string Of(FrontEndPlan plan)
    {
        var text = $"{plan.FrontEnd} > {Of(plan.Route)}";
        text += plan.OutsideRoute is { } outside ? $" | {Of(outside)}" : "";
        text += plan.AffinityTimeout is { } affinity ? $" affinity={affinity.TotalSeconds}" : "";
        return text + (plan.SourceRanges.IsEmpty ? "" : $" from={string.Join(',', plan.SourceRanges)}");
    }

    private static string Of(Route route) => route.Action == RouteAction.Forward
        ? $"{string.Join(' ', route.Endpoints)} {route.Masquerade}"
        : route.Action.ToString();
}
