using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>What is valid in a Service and without effect, or old. Source: upstream's pkg/api/service/warnings.go, release 1.32.</summary>
internal static class ServiceWarnings
{
    private const string OldHints = "service.kubernetes.io/topology-aware-hints";

    public static IEnumerable<string> Of(JsonObject service)
    {
        var spec = service.Object("spec") ?? [];
        if (service.StringMap("metadata", "annotations").ContainsKey(OldHints))
        {
            yield return $"annotation {OldHints} is deprecated, please use service.kubernetes.io/topology-mode instead";
        }

        var list = 0;
        foreach (var address in spec.Texts("externalIPs"))
        {
            if (NotCanonical($"spec.externalIPs[{list++}]", address) is { } warning)
            {
                yield return warning;
            }
        }

        if (spec.Text("type") == "ExternalName")
        {
            if (spec.Texts("externalIPs").Any())
            {
                yield return "spec.externalIPs is ignored when spec.type is \"ExternalName\"";
            }
        }
        else if (spec.Text("externalName") is { Length: > 0 })
        {
            yield return "spec.externalName is ignored when spec.type is not \"ExternalName\"";
        }

        if (!spec.Texts("clusterIPs").SequenceEqual(["None"]))
        {
            yield break;
        }

        foreach (var (field, ignored) in new[]
        {
            ("loadBalancerIP", spec.Text("loadBalancerIP") is { Length: > 0 }), ("externalIPs", spec.Texts("externalIPs").Any()),
            ("SessionAffinity", spec.Text("sessionAffinity") == "ClientIP"),
        })
        {
            if (ignored)
            {
                yield return $"spec.{field} is ignored for headless services";
            }
        }
    }

    private static string? NotCanonical(string path, string address) =>
        ValueRules.IsAddress(address, out var parsed) && address.Contains(':', StringComparison.Ordinal) && parsed.ToString() != address
            ? $"{path}: IPv6 address \"{address}\" should be in RFC 5952 canonical format (\"{parsed}\")"
            : null;
}
