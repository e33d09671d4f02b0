using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources.Pods;

/// <summary>The pods that controllers make.</summary>
internal static class TemplateValidation
{
    /// <param name="template">A PodTemplateSpec, defaulted.</param>
    /// <param name="path">Where it stands.</param>
    /// <param name="errors">Gets what is wrong.</param>
    public static void Validate(JsonObject template, string path, FieldErrors errors)
    {
        MetadataValidation.ValidateLabels(template.StringMap("metadata", "labels"), $"{path}.labels", errors);
        MetadataValidation.ValidateAnnotations(template.StringMap("metadata", "annotations"), $"{path}.annotations", errors);
        PodSpecValidation.Validate(template.Object("spec") ?? [], $"{path}.spec", isPod: false, errors);
        if (template.Object("spec")?.Objects("ephemeralContainers").Any() == true)
        {
            errors.Forbidden($"{path}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template");
        }
    }

    /// <summary>The pods of a template must be those its controller selects.</summary>
    public static void Selected(JsonObject template, bool selected, string path, FieldErrors errors)
    {
        if (!selected)
        {
            errors.InvalidRaw(
                $"{path}.metadata.labels", GoValue.Map(template.StringMap("metadata", "labels")), "`selector` does not match template `labels`");
        }
    }

    /// <summary>A controller that keeps pods running has no use for pods that end.</summary>
    public static void NeverEnds(JsonObject template, string kind, string path, FieldErrors errors)
    {
        errors.KnownOrAbsent($"{path}.spec.restartPolicy", template.Text("spec", "restartPolicy"), "Always");
        if (template.Integer("spec", "activeDeadlineSeconds") is not null)
        {
            errors.Forbidden($"{path}.spec.activeDeadlineSeconds", $"activeDeadlineSeconds in {kind} is not Supported");
        }
    }
}
