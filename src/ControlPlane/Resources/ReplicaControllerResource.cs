using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Resources;

/// <summary>What ReplicationControllers, ReplicaSets and Deployments share: replicas of one template.</summary>
internal abstract class ReplicaControllerResource : ResourceDescriptor
{
    public override bool HasStatus => true;

    public override bool HasScale => true;

    public override bool TracksGeneration => true;

    public override IReadOnlyList<string> FieldLabels => [];

    public override void PrepareForCreate(JsonObject obj) => obj["status"] = new JsonObject();

    public override void Default(JsonObject obj)
    {
        obj.Ensure("spec").Default("replicas", 1L);
        PodDefaults.Template(obj);
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        if (obj.Integer("spec", "replicas") is { } replicas and < 0)
        {
            errors.Invalid("spec.replicas", replicas, "must be greater than or equal to 0");
        }

        var selector = SelectorLabels(obj);
        if (selector.Count == 0 && !obj.Objects("spec", "selector", "matchExpressions").Any())
        {
            errors.Required("spec.selector");
        }

        if (obj.Object("spec", "template") is null)
        {
            errors.Required("spec.template");
            return;
        }

        PodValidation.Template(obj, selector, errors);
    }

    /// <summary>The equality terms of the selector.</summary>
    protected virtual Dictionary<string, string> SelectorLabels(JsonObject obj) => obj.StringMap("spec", "selector", "matchLabels");

    protected static void SelectorIsFixed(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        var (now, before) = (obj.Object("spec", "selector"), old.Object("spec", "selector"));
        if (!JsonNode.DeepEquals(now, before))
        {
            errors.InvalidRaw("spec.selector", now?.ToJsonString() ?? "null", "field is immutable");
        }
    }
}
