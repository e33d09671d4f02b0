using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources.Pods;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Pods.</summary>
internal sealed class PodResource : ResourceDescriptor
{
    private const long EvictionSeconds = 300;

    public override ResourceNames Names { get; } =
        new("", "v1", "Pod", "pods", "pod", Namespaced: true) { ShortNames = ["po"], Categories = ["all"] };

    public override string SchemaName => "core.Pod";

    public override bool HasStatus => true;

    public override bool ReturnsDeletedObject => true;

    public override IReadOnlyList<Subresource> Subresources { get; } =
    [
        new("attach", "", "v1", "PodAttachOptions", "create", "get"),
        new("binding", "", "v1", "Binding", "create"),
        new("eviction", "policy", "v1", "Eviction", "create"),
        new("exec", "", "v1", "PodExecOptions", "create", "get"),
        new("log", "", "v1", "Pod", "get"),
        new("portforward", "", "v1", "PodPortForwardOptions", "create", "get"),
        new("ephemeralcontainers", "", "v1", "Pod", "get", "patch", "update"),
        new("resize", "", "v1", "Pod", "get", "patch", "update"),
        Subresource.Proxy("PodProxyOptions"),
    ];

    public override IReadOnlyList<string> FieldLabels { get; } =
    [
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork", "status.phase", "status.podIP",
        "status.podIPs", "status.nominatedNodeName",
    ];

    public override IReadOnlyList<TableColumn> Columns => PodTable.Columns;

    public override bool MayWarn => true;

    public override IEnumerable<string> Warnings(JsonObject obj) => PodWarnings.OfPod(obj);

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) => PodTable.Cells(obj, now);

    public override string FieldValue(JsonObject obj, string label) => label switch
    {
        "spec.hostNetwork" => obj.Boolean("spec", "hostNetwork") == true ? "true" : "false",
        "status.podIPs" => string.Join(",", obj.Objects("status", "podIPs").Select(entry => entry.Text("ip"))),
        _ => base.FieldValue(obj, label),
    };

    public override void PrepareForCreate(JsonObject obj)
    {
        obj["status"] = new JsonObject { ["phase"] = "Pending", ["qosClass"] = PodQuality.ClassOf(obj.Object("spec") ?? []) };
    }

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        PodDefaults.Spec(spec);
        spec.Default("enableServiceLinks", true);
    }

    public override void Admit(JsonObject obj, string ns, StoreSnapshot snapshot)
    {
        var spec = obj.Ensure("spec");
        spec.Default("serviceAccountName", "default");
        spec.Default("serviceAccount", spec["serviceAccountName"]!.DeepClone());
        PodPriority.Admit(Names, obj, snapshot);
        RuntimeClassResource.Admit(Names, obj, snapshot);
        LimitRangeDefaults.Apply(obj, ns, snapshot);
        var tolerations = spec["tolerations"] as JsonArray ?? [];
        foreach (var taint in (ReadOnlySpan<string>)["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"])
        {
            var tolerated = tolerations.OfType<JsonObject>().Any(item =>
                (item.Text("key") ?? taint) == taint && item.Text("effect") is null or "" or "NoExecute");
            if (!tolerated)
            {
                tolerations.Add(new JsonObject { ["key"] = taint, ["operator"] = "Exists", ["effect"] = "NoExecute", ["tolerationSeconds"] = EvictionSeconds });
            }
        }

        spec["tolerations"] = tolerations.DeepClone();
        obj.Ensure("status")["qosClass"] = PodQuality.ClassOf(spec);
    }

    public override void PrepareForStatusUpdate(JsonObject obj, JsonObject old)
    {
        base.PrepareForStatusUpdate(obj, old);

        // Labels of a pod may be written with its status; its quality of service never changes.
        obj.Ensure("status").CopyField(old.Ensure("status"), "qosClass");
        foreach (var condition in obj.Objects("status", "conditions"))
        {
            // No client sets it and every client that lists conditions shows it.
            condition.TryAdd("lastProbeTime", null);
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        Check(spec, errors);
        if (spec.Objects("ephemeralContainers").Any())
        {
            errors.Forbidden("spec.ephemeralContainers", "cannot be set on create");
        }

        if (spec.Text("nodeName") is { Length: > 0 } && spec.Objects("schedulingGates").Any())
        {
            errors.Forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared");
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Check(obj.Object("spec") ?? [], errors);
        PodUpdateValidation.Validate(obj, old, errors);
    }

    public override long GracePeriod(JsonObject obj, long? wished)
    {
        // Nobody runs it: there is nothing to end gracefully.
        if (obj.Text("spec", "nodeName") is null or "" || obj.Text("status", "phase") is "Succeeded" or "Failed")
        {
            return 0;
        }

        return Math.Max(0, wished ?? obj.Integer("spec", "terminationGracePeriodSeconds") ?? 30);
    }

    private static void Check(JsonObject spec, FieldErrors errors) => PodSpecValidation.Validate(spec, "spec", isPod: true, errors);
}
