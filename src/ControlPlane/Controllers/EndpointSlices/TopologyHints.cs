using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.EndpointSlices;

/// <summary>Hints for services that ask for near endpoints: <c>trafficDistribution</c> (KEP-4444, KEP-3015).</summary>
internal static class TopologyHints
{
    public static Endpoint Add(Service service, Endpoint endpoint)
    {
        if (endpoint.Conditions.Ready != true || Hints(service.Spec.TrafficDistribution, endpoint) is not { } hints)
        {
            return endpoint;
        }

        return endpoint with { Hints = hints };
    }

    private static EndpointHints? Hints(string? distribution, Endpoint endpoint)
    {
        var hints = new EndpointHints();
        if (distribution is "PreferClose" or "PreferSameZone" or "PreferSameNode" && endpoint.Zone is { } zone)
        {
            hints.ForZones.Add(new ForZone { Name = zone });
        }

        if (distribution is "PreferSameNode" && endpoint.NodeName is { } node)
        {
            hints.ForNodes.Add(new ForNode { Name = node });
        }

        return hints.ForZones.Count + hints.ForNodes.Count > 0 ? hints : null;
    }
}
