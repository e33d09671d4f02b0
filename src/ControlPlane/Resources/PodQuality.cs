using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Resources;

/// <summary>A pod's quality-of-service class, from what its containers request and may use.</summary>
internal static class PodQuality
{
    public static string ClassOf(JsonObject spec)
    {
        var any = false;
        var guaranteed = true;
        foreach (var container in spec.Objects("containers").Concat(spec.Objects("initContainers")))
        {
            var requests = container.Object("resources", "requests") ?? [];
            var limits = container.Object("resources", "limits") ?? [];
            any |= requests.Count > 0 || limits.Count > 0;
            foreach (var resource in (ReadOnlySpan<string>)["cpu", "memory"])
            {
                var limit = limits[resource]?.ToString();
                guaranteed &= limit is not null && (requests[resource]?.ToString() ?? limit) == limit;
            }
        }

        return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
    }
}
