using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Resources.Pods;

/// <summary>What may still change of a pod once it is there.</summary>
internal static class PodUpdateValidation
{
    private const string Changeable =
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`," +
        "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    public static void Validate(JsonObject pod, JsonObject old, FieldErrors errors)
    {
        var (spec, before) = (pod.Object("spec") ?? [], old.Object("spec") ?? []);
        foreach (var list in new[] { "containers", "initContainers" })
        {
            if (spec.Objects(list).Count() != before.Objects(list).Count())
            {
                errors.Forbidden($"spec.{list}", "pod updates may not add or remove containers");
                return;
            }
        }

        if (!Deadline(spec, before, errors))
        {
            return;
        }

        Tolerations(spec, before, errors);
        Gates(spec, before, errors);
        if (SpecDifference.Between(Fixed(before, before), Fixed(spec, before)) is { } difference)
        {
            errors.Forbidden("spec", $"{Changeable}\n{difference}");
        }
    }

    /// <returns>False when nothing more is to be said.</returns>
    private static bool Deadline(JsonObject spec, JsonObject before, FieldErrors errors)
    {
        const string path = "spec.activeDeadlineSeconds";
        switch (spec.Integer("activeDeadlineSeconds"), before.Integer("activeDeadlineSeconds"))
        {
            case ((< 0 or > int.MaxValue) and var now, _):
                errors.Invalid(path, now, "must be between 0 and 2147483647, inclusive");
                return false;
            case ({ } now, { } was) when was < now:
                errors.Invalid(path, now, "must be less than or equal to previous value");
                return false;
            case (null, not null):
                errors.InvalidRaw(path, "\"null\"", "must not update from a positive integer to nil value");
                return true;
            default:
                return true;
        }
    }

    private static void Tolerations(JsonObject spec, JsonObject before, FieldErrors errors)
    {
        var now = spec.Objects("tolerations").Select(WithoutSeconds).ToList();
        if (before.Objects("tolerations").Select(WithoutSeconds).Any(was => !now.Any(toleration => JsonNode.DeepEquals(toleration, was))))
        {
            errors.Forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds");
        }
    }

    private static JsonObject WithoutSeconds(JsonObject toleration)
    {
        var rest = (JsonObject)toleration.DeepClone();
        rest.Remove("tolerationSeconds");
        return rest;
    }

    private static void Gates(JsonObject spec, JsonObject before, FieldErrors errors)
    {
        var known = before.Objects("schedulingGates").Select(gate => gate.Text("name")).ToHashSet();
        var index = 0;
        foreach (var gate in spec.Objects("schedulingGates"))
        {
            if (!known.Contains(gate.Text("name")))
            {
                errors.Forbidden($"spec.schedulingGates[{index}].name", $"only deletion is allowed, but found new scheduling gate '{gate.Text("name")}'");
            }

            index++;
        }
    }

    /// <summary>The spec without the parts an update may change, and those an older version of the pod's node may have lacked.</summary>
    private static JsonObject Fixed(JsonObject pod, JsonObject before)
    {
        var spec = (JsonObject)pod.DeepClone();
        foreach (var field in new[] { "activeDeadlineSeconds", "tolerations", "schedulingGates" })
        {
            spec.Remove(field);
        }

        if (before.Integer("terminationGracePeriodSeconds") < 0 && spec.Integer("terminationGracePeriodSeconds") is 1)
        {
            spec.CopyField(before, "terminationGracePeriodSeconds");
        }

        foreach (var container in spec.Objects("containers").Concat(spec.Objects("initContainers")))
        {
            container.Remove("image");
        }

        // A pod that waits for its gates may be narrowed to fewer nodes.
        if (before.Objects("schedulingGates").Any())
        {
            spec.Remove("nodeSelector");
            (spec["affinity"] as JsonObject)?.Remove("nodeAffinity");
        }

        return spec;
    }
}
