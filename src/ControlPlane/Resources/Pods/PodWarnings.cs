using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources.Pods;

/// <summary>What is valid in a pod and yet no good idea. Source: upstream's pkg/api/pod/warnings.go, release 1.32.</summary>
internal static class PodWarnings
{
    private const string MatchesNothing = "a null labelSelector results in matching no pod";

    private static readonly Dictionary<string, string> OldLabels = new(StringComparer.Ordinal)
    {
        ["beta.kubernetes.io/arch"] = "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
        ["beta.kubernetes.io/os"] = "deprecated since v1.14; use \"kubernetes.io/os\" instead",
        ["failure-domain.beta.kubernetes.io/region"] = "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
        ["failure-domain.beta.kubernetes.io/zone"] = "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
        ["beta.kubernetes.io/instance-type"] = "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
    };

    public static IEnumerable<string> OfPod(JsonObject pod)
    {
        var problems = NameRule.Label.Errors(pod.Text("metadata", "name") ?? "").ToList();
        if (problems.Count > 0)
        {
            yield return
                $"metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [{string.Join(' ', problems)}]";
        }

        foreach (var warning in OfSpec(pod.Object("spec") ?? [], "spec"))
        {
            yield return warning;
        }
    }

    /// <summary>Of whatever makes pods from spec.template.</summary>
    public static IEnumerable<string> OfController(JsonObject controller)
    {
        var problems = NameRule.Label.Errors(controller.Text("metadata", "name") ?? "").ToList();
        if (problems.Count > 0)
        {
            yield return
                "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: " +
                $"[{string.Join(' ', problems)}]";
        }

        foreach (var warning in OfSpec(controller.Object("spec", "template", "spec") ?? [], "spec.template.spec"))
        {
            yield return warning;
        }
    }

    private static IEnumerable<string> OfSpec(JsonObject spec, string path) =>
    [
        .. spec.StringMap("nodeSelector").Keys.Where(OldLabels.ContainsKey).Select(key => $"{path}.nodeSelector[{key}]: {OldLabels[key]}"),
        .. Volumes(spec, path),
        .. Duplicates(spec.Entries(path, "hostAliases"), "ip", "duplicate ip"),
        .. Containers(spec, path).SelectMany(entry => Container(entry.Item, entry.Path)),
        .. Ports(spec, path),
        .. spec.Integer("terminationGracePeriodSeconds") is < 0
            ? [$"{path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"]
            : Array.Empty<string>(),
        .. spec.Entries(path, "topologySpreadConstraints").Where(entry => entry.Item.Object("labelSelector") is null)
            .Select(entry => $"{entry.Path}.labelSelector: {MatchesNothing}"),
        .. new[] { "podAffinity", "podAntiAffinity" }.SelectMany(kind => Affinity(spec.Object("affinity", kind) ?? [], $"{path}.affinity.{kind}")),
    ];

    private static IEnumerable<string> Volumes(JsonObject spec, string path)
    {
        foreach (var (volume, at) in spec.Entries(path, "volumes"))
        {
            foreach (var (kind, what) in new[]
            {
                ("gitRepo", "deprecated in v1.11"), ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
                ("cephfs", "deprecated in v1.28, non-functional in v1.31+"), ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
            })
            {
                if (volume.ContainsKey(kind))
                {
                    yield return $"{at}.{kind}: {what}";
                }
            }
        }
    }

    private static IEnumerable<string> Container(JsonObject container, string path)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (variable, at) in container.Entries(path, "env"))
        {
            // A value made from the earlier one is meant to take its place.
            if (variable.Text("name") is { } name && !names.Add(name)
                && variable.Text("value")?.Contains($"$({name})", StringComparison.Ordinal) != true)
            {
                yield return $"{at}: hides previous definition of {GoValue.Quote(name)}, which may be dropped when using apply";
            }
        }

        foreach (var list in new[] { "limits", "requests" })
        {
            foreach (var (resource, amount) in container.StringMap("resources", list).Where(entry => entry.Key is "memory" or "ephemeral-storage"))
            {
                if (Quantity.TryParse(amount, out var quantity) && quantity.Value != decimal.Truncate(quantity.Value))
                {
                    yield return $"{path}.resources.{list}[{resource}]: fractional byte value {GoValue.Quote(amount)} is invalid, must be an integer";
                }
            }
        }
    }

    private static IEnumerable<(JsonObject Item, string Path)> Containers(JsonObject spec, string path) =>
        spec.Entries(path, "containers").Concat(spec.Entries(path, "initContainers"));

    /// <summary>A port of one protocol given twice, with the same port of the host or with none.</summary>
    private static IEnumerable<string> Ports(JsonObject spec, string path)
    {
        var known = new Dictionary<(long?, string?, string?, long?), string>();
        foreach (var (port, at) in Containers(spec, path).SelectMany(entry => entry.Item.Entries(entry.Path, "ports")))
        {
            var key = (port.Integer("containerPort"), port.Text("protocol"), port.Text("hostIP"), port.Integer("hostPort"));
            if (!known.TryAdd(key, at))
            {
                yield return $"{at}: duplicate port definition with {known[key]}";
            }
        }
    }

    private static IEnumerable<string> Duplicates(IEnumerable<(JsonObject Item, string Path)> items, string field, string what)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return items.Where(entry => !seen.Add(entry.Item.Text(field) ?? ""))
            .Select(entry => $"{entry.Path}.{field}: {what} {GoValue.Quote(entry.Item.Text(field) ?? "")}").ToList();
    }

    private static IEnumerable<string> Affinity(JsonObject affinity, string path) =>
        affinity.Entries(path, "requiredDuringSchedulingIgnoredDuringExecution")
            .Where(entry => entry.Item.Object("labelSelector") is null).Select(entry => $"{entry.Path}.labelSelector: {MatchesNothing}")
            .Concat(affinity.Entries(path, "preferredDuringSchedulingIgnoredDuringExecution")
                .Where(entry => entry.Item.Object("podAffinityTerm", "labelSelector") is null)
                .Select(entry => $"{entry.Path}.podAffinityTerm.labelSelector: {MatchesNothing}"));
}
