using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>What must hold of a Job's spec, in Jobs and in the templates of CronJobs.</summary>
internal static class JobTemplate
{
    private static readonly string[] Counts =
        ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"];

    /// <param name="spec">The JobSpec.</param>
    /// <param name="path">Where it stands, "spec" or "spec.jobTemplate.spec".</param>
    /// <param name="errors">Gets what is wrong.</param>
    public static void Validate(JsonObject spec, string path, FieldErrors errors)
    {
        foreach (var field in Counts)
        {
            if (spec.Integer(field) is { } count and < 0)
            {
                errors.Invalid($"{path}.{field}", count, "must be greater than or equal to 0");
            }
        }

        switch (spec.Text("completionMode"))
        {
            case "Indexed" when spec.Integer("completions") is null:
                errors.Required($"{path}.completions", "when completion mode is Indexed");
                break;
            case { } mode and not ("Indexed" or "NonIndexed"):
                errors.NotSupported($"{path}.completionMode", mode, "Indexed", "NonIndexed");
                break;
        }

        if (spec.Object("template") is not { } template)
        {
            errors.Required($"{path}.template");
            return;
        }

        MetadataValidation.ValidateLabels(template.StringMap("metadata", "labels"), $"{path}.template.metadata.labels", errors);
        PodValidation.Spec(template.Object("spec") ?? [], $"{path}.template.spec", errors);

        // A pod that always starts again never completes.
        if (template.Text("spec", "restartPolicy") is not ("OnFailure" or "Never"))
        {
            errors.Required($"{path}.template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\"");
        }
    }
}
