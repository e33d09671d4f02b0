using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Resources.Pods;

namespace Dataplane.ControlPlane.Resources;

/// <summary>What must hold of a Job's spec, in Jobs and in the templates of CronJobs.</summary>
internal static class JobTemplate
{
    private static readonly string[] Counts =
        ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes"];

    private const int MaxIndexedParallelism = 100_000;

    /// <param name="spec">The JobSpec.</param>
    /// <param name="path">Where it stands, "spec" or "spec.jobTemplate.spec".</param>
    /// <param name="errors">Gets what is wrong.</param>
    public static void Validate(JsonObject spec, string path, FieldErrors errors)
    {
        errors.NotNegative(spec, path, Counts);
        Completion(spec, path, errors);
        if (spec.Object("template") is not { } template)
        {
            errors.Required($"{path}.template");
            return;
        }

        TemplateValidation.Validate(template, $"{path}.template", errors);

        // A pod that always starts again never completes.
        if (template.Text("spec", "restartPolicy") is not ("OnFailure" or "Never"))
        {
            errors.Required($"{path}.template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\"");
        }
    }

    private static void Completion(JsonObject spec, string path, FieldErrors errors)
    {
        var mode = spec.Text("completionMode");
        errors.KnownOrAbsent($"{path}.completionMode", mode, "NonIndexed", "Indexed");
        if (mode == "Indexed")
        {
            if (spec.Integer("completions") is null)
            {
                errors.Required($"{path}.completions", "when completion mode is Indexed");
            }

            if (spec.Integer("parallelism") is > MaxIndexedParallelism and var parallelism)
            {
                errors.Invalid($"{path}.parallelism", parallelism, $"must be less than or equal to {MaxIndexedParallelism} when completion mode is Indexed");
            }
        }
        else if (spec.Integer("backoffLimitPerIndex") is { } limit)
        {
            errors.Invalid($"{path}.backoffLimitPerIndex", limit, "requires indexed job");
        }

        if (spec.Integer("maxFailedIndexes") is not null && spec.Integer("backoffLimitPerIndex") is null)
        {
            errors.Required($"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified");
        }

        errors.KnownOrAbsent($"{path}.podReplacementPolicy", spec.Text("podReplacementPolicy"), "Failed", "TerminatingOrFailed");
    }
}
