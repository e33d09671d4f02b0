using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Admission.Quotas;

/// <summary>Which objects a quota is for: all, or those of every scope it names. Only pods have scopes. Pure.</summary>
internal static class QuotaScopes
{
    public static bool Match(JsonObject quota, ResourceNames kind, JsonObject obj)
    {
        var scopes = quota.Texts("spec", "scopes").Select(scope => (Scope: scope, Operator: "Exists", Values: Array.Empty<string>()))
            .Concat(quota.Objects("spec", "scopeSelector", "matchExpressions").Select(
                term => (Scope: term.Text("scopeName") ?? "", Operator: term.Text("operator") ?? "", Values: term.Texts("values").ToArray())));
        return scopes.All(scope => kind is { Group: "", Plural: "pods" } && Pod(obj, scope.Scope, scope.Operator, scope.Values));
    }

    private static bool Pod(JsonObject pod, string scope, string op, string[] values)
    {
        var spec = pod.Object("spec") ?? [];
        return scope switch
        {
            "Terminating" => spec.Integer("activeDeadlineSeconds") >= 0,
            "NotTerminating" => spec.Integer("activeDeadlineSeconds") is null,
            "BestEffort" => IsBestEffort(pod, spec),
            "NotBestEffort" => !IsBestEffort(pod, spec),
            "PriorityClass" => Priority(spec.Text("priorityClassName") ?? "", op, values),
            "CrossNamespacePodAffinity" => CrossesNamespaces(spec),
            _ => false,
        };
    }

    private static bool IsBestEffort(JsonObject pod, JsonObject spec) => (pod.Text("status", "qosClass") ?? PodQuality.ClassOf(spec)) == "BestEffort";

    private static bool Priority(string name, string op, string[] values) => op switch
    {
        "In" => values.Contains(name),
        "NotIn" => !values.Contains(name),
        "DoesNotExist" => name.Length == 0,
        _ => name.Length > 0,
    };

    private static bool CrossesNamespaces(JsonObject spec)
    {
        foreach (var kind in (ReadOnlySpan<string>)["podAffinity", "podAntiAffinity"])
        {
            var affinity = spec.Object("affinity", kind) ?? [];
            var terms = affinity.Objects("requiredDuringSchedulingIgnoredDuringExecution")
                .Concat(affinity.Objects("preferredDuringSchedulingIgnoredDuringExecution").Select(weighted => weighted.Object("podAffinityTerm") ?? []));
            if (terms.Any(term => term.Texts("namespaces").Any() || term.Object("namespaceSelector") is not null))
            {
                return true;
            }
        }

        return false;
    }
}
