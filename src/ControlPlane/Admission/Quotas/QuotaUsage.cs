using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Admission.Quotas;

/// <summary>What one object counts for, and which of a quota's resources its kind is counted in. Pure.</summary>
/// <remarks>Source: the evaluators of kubernetes pkg/quota/v1; names of resources are theirs.</remarks>
internal static class QuotaUsage
{
    private const string ClassSuffix = ".storageclass.storage.k8s.io/";

    private static readonly Quantity One = new(1);
    private static readonly string[] Plain = ["pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims"];
    private static readonly string[] Compute = ["cpu", "memory", "ephemeral-storage"];
    private static readonly string[] MustBeSet = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

    /// <summary>Whether objects of the kind are counted in a resource.</summary>
    public static bool Counts(ResourceNames kind, string resource)
    {
        if (resource == "count/" + kind.Qualified)
        {
            return true;
        }

        return kind is { Group: "" } && kind.Plural switch
        {
            "pods" => resource == "pods" || Compute.Contains(resource) || resource.StartsWith("hugepages-", StringComparison.Ordinal)
                || resource.StartsWith("limits.", StringComparison.Ordinal)
                || (resource.StartsWith("requests.", StringComparison.Ordinal) && resource != "requests.storage"),
            "services" => resource is "services" or "services.nodeports" or "services.loadbalancers",
            "persistentvolumeclaims" => resource is "persistentvolumeclaims" or "requests.storage" || resource.Contains(ClassSuffix, StringComparison.Ordinal),
            _ => Plain.Contains(kind.Plural) && resource == kind.Plural,
        };
    }

    public static ResourceAmounts Of(ResourceNames kind, JsonObject obj, DateTimeOffset now)
    {
        var usage = new ResourceAmounts { ["count/" + kind.Qualified] = One };
        if (kind.Group.Length > 0 || !Plain.Contains(kind.Plural))
        {
            return usage;
        }

        switch (kind.Plural)
        {
            case "pods":
                if (IsAlive(obj, now))
                {
                    usage["pods"] = One;
                    Pod(obj.Object("spec") ?? [], usage);
                }

                break;
            case "services":
                usage["services"] = One;
                Service(obj.Object("spec") ?? [], usage);
                break;
            case "persistentvolumeclaims":
                usage["persistentvolumeclaims"] = One;
                Claim(obj, usage);
                break;
            default:
                usage[kind.Plural] = One;
                break;
        }

        return usage;
    }

    /// <summary>
    /// Containers that leave out what a quota counts: <c>limits.cpu for: a,b; requests.memory for: a</c>. Null when none does.
    /// </summary>
    public static string? Missing(JsonObject pod, IEnumerable<string> counted)
    {
        var missing = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        var spec = pod.Object("spec") ?? [];
        foreach (var resource in counted.Where(MustBeSet.Contains))
        {
            var (which, name) = resource.StartsWith("limits.", StringComparison.Ordinal) ? ("limits", resource[7..])
                : ("requests", resource.StartsWith("requests.", StringComparison.Ordinal) ? resource[9..] : resource);
            foreach (var container in spec.Objects("containers").Concat(spec.Objects("initContainers")))
            {
                if (container.At("resources", which, name) is null)
                {
                    missing.TryAdd(resource, new SortedSet<string>(StringComparer.Ordinal));
                    missing[resource].Add(container.Text("name") ?? "");
                }
            }
        }

        return missing.Count == 0 ? null : string.Join("; ", missing.Select(entry => $"{entry.Key} for: {string.Join(",", entry.Value)}"));
    }

    /// <summary>A pod that has ended, or whose time to end is over, takes nothing of the cluster any more.</summary>
    private static bool IsAlive(JsonObject pod, DateTimeOffset now) =>
        pod.Text("status", "phase") is not ("Succeeded" or "Failed")
        && !(pod.Timestamp("metadata", "deletionTimestamp") is { } end
            && now > end + TimeSpan.FromSeconds(pod.Integer("metadata", "deletionGracePeriodSeconds") ?? 0));

    private static void Pod(JsonObject spec, ResourceAmounts usage)
    {
        foreach (var (name, amount) in PodAmounts.Requests(spec))
        {
            if (Compute.Contains(name) || name.StartsWith("hugepages-", StringComparison.Ordinal))
            {
                usage[name] = usage["requests." + name] = amount;
            }
            else if (name.Contains('/', StringComparison.Ordinal))
            {
                usage["requests." + name] = amount;
            }
        }

        foreach (var (name, amount) in PodAmounts.Limits(spec))
        {
            if (Compute.Contains(name))
            {
                usage["limits." + name] = amount;
            }
        }
    }

    private static void Service(JsonObject spec, ResourceAmounts usage)
    {
        var ports = spec.Objects("ports").ToList();
        var type = spec.Text("type");
        if (type == "LoadBalancer")
        {
            usage["services.loadbalancers"] = One;
        }

        if (type is "NodePort" or "LoadBalancer")
        {
            var allocated = type == "NodePort" || spec.Boolean("allocateLoadBalancerNodePorts") != false;
            usage["services.nodeports"] = new Quantity(allocated ? ports.Count : ports.Count(port => port.Integer("nodePort") > 0));
        }
    }

    private static void Claim(JsonObject claim, ResourceAmounts usage)
    {
        var storage = ResourceAmounts.Of(claim.Object("spec", "resources", "requests")).GetValueOrDefault("storage");
        var className = VolumeCells.StorageClass(claim);
        usage["requests.storage"] = storage;
        if (className.Length > 0)
        {
            usage[className + ClassSuffix + "persistentvolumeclaims"] = One;
            usage[className + ClassSuffix + "requests.storage"] = storage;
        }
    }
}
