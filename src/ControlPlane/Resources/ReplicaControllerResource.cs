using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Resources.Pods;

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
        var spec = obj.Object("spec") ?? [];
        errors.NotNegative(spec, "spec", "replicas", "minReadySeconds", "revisionHistoryLimit");
        var selector = spec.Object("selector");
        if (selector is null)
        {
            errors.Required("spec.selector");
        }
        else
        {
            SelectorValidation.Validate(selector, "spec.selector", errors);
            if (SelectorValidation.IsEmpty(selector))
            {
                errors.InvalidRaw("spec.selector", GoValue.Selector(selector), $"empty selector is invalid for {Names.Singular}");
            }
        }

        var template = spec.Object("template") ?? [];
        TemplateValidation.Selected(template, Selects(spec, template), "spec.template", errors);
        TemplateValidation.Validate(template, "spec.template", errors);
        TemplateValidation.NeverEnds(template, TemplateOwner, "spec.template", errors);
    }

    /// <summary>The kind that messages about templates name.</summary>
    protected virtual string TemplateOwner => Names.Kind;

    /// <summary>Whether the selector selects the pods of the template.</summary>
    protected static bool Selects(JsonObject spec, JsonObject template) =>
        SelectorValidation.Matches(spec.Object("selector"), template.StringMap("metadata", "labels"));

    protected static void SelectorIsFixed(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        var (now, before) = (obj.Object("spec", "selector"), old.Object("spec", "selector"));
        if (!JsonNode.DeepEquals(now, before))
        {
            errors.InvalidRaw("spec.selector", GoValue.Selector(now), ValueRules.Immutable);
        }
    }
}
