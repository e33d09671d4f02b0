using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Resources;

/// <summary>RuntimeClasses: pods of one need what it needs and go where it is (KEP-585, KEP-688).</summary>
internal sealed class RuntimeClassResource : ResourceDescriptor
{
    private const string Classes = "/registry/runtimeclasses/";

    public override ResourceNames Names { get; } = new("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", "runtimeclass", Namespaced: false);

    public override string SchemaName => "node.RuntimeClass";

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, new("Handler"), TableColumn.Age];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) => [TableCell.Name(obj), obj.Text("handler") ?? "", TableCell.Age(obj, now)];

    /// <summary>Writes into a new pod what its class asks for.</summary>
    /// <exception cref="StatusException">403: no such class, or the pod says something else.</exception>
    public static void Admit(ResourceNames names, JsonObject pod, StoreSnapshot snapshot)
    {
        var spec = pod.Ensure("spec");
        StatusException Rejected(string why) => StatusException.Forbidden(names.Qualified, pod.Text("metadata", "name") ?? "", $"pod rejected: {why}");
        if (spec.Text("runtimeClassName") is not { Length: > 0 } name)
        {
            if (spec.Object("overhead") is { Count: > 0 })
            {
                throw Rejected("Pod Overhead set without corresponding RuntimeClass defined Overhead");
            }

            return;
        }

        var found = snapshot.Get(Classes + name)?.Document() ?? throw Rejected($"RuntimeClass \"{name}\" not found");
        var overhead = found.Object("overhead", "podFixed");
        if (spec.Object("overhead") is { Count: > 0 } given && !JsonNode.DeepEquals(given, overhead))
        {
            throw Rejected("Pod's Overhead doesn't match RuntimeClass's defined Overhead");
        }

        if (overhead is { Count: > 0 })
        {
            spec["overhead"] = overhead.DeepClone();
        }

        foreach (var (label, value) in found.StringMap("scheduling", "nodeSelector"))
        {
            var own = spec.Ensure("nodeSelector");
            if (own.Text(label) is { } other && other != value)
            {
                throw Rejected($"conflict: runtimeClass.scheduling.nodeSelector[{label}] = {value}; pod.spec.nodeSelector[{label}] = {other}");
            }

            own[label] = value;
        }

        var tolerations = spec.Objects("tolerations").Concat(found.Objects("scheduling", "tolerations")).Select(toleration => toleration.DeepClone()).ToList();
        if (tolerations.Count > 0)
        {
            spec["tolerations"] = new JsonArray([.. tolerations.Where((toleration, i) => !tolerations.Take(i).Any(earlier => JsonNode.DeepEquals(earlier, toleration)))]);
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var handler = obj.Text("handler") ?? "";
        errors.Rule("handler", handler, NameRule.Label.Errors(handler));
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        if (obj.Text("handler") != old.Text("handler"))
        {
            errors.Invalid("handler", obj.Text("handler") ?? "", ValueRules.Immutable);
        }
    }
}
