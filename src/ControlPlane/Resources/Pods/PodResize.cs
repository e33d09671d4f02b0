using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources.Pods;

/// <summary>
/// Processor and memory of a pod's containers, changed while they run through its subresource resize (KEP-1287): kubectl patch
/// --subresource resize. Rules and words are those of upstream's release 1.33 (ValidatePodResize).
/// </summary>
internal static class PodResize
{
    private static readonly string[] Lists = ["containers", "initContainers"];
    private static readonly string[] Resizable = ["cpu", "memory"];

    /// <summary>Of all that is written only the containers' resources count, and their number, names and order to be found wrong.</summary>
    public static void Prepare(JsonObject pod, JsonObject old)
    {
        var wanted = (JsonObject?)pod.Object("spec")?.DeepClone() ?? [];
        PodSubresource.Revert(pod, old);
        var spec = pod.Ensure("spec");
        foreach (var list in Lists)
        {
            var (before, after) = (spec.Objects(list).ToArray(), wanted.Objects(list).ToArray());
            if (!before.Select(Name).SequenceEqual(after.Select(Name)))
            {
                PodSubresource.Set(spec, list, wanted[list]?.DeepClone());
                continue;
            }

            foreach (var (container, written) in before.Zip(after))
            {
                PodSubresource.Set(container, "resources", written["resources"]?.DeepClone());
                PodSubresource.Set(container, "resizePolicy", written["resizePolicy"]?.DeepClone());
            }
        }
    }

    /// <summary>What is wrong with a write of them.</summary>
    public static void Validate(JsonObject pod, JsonObject old, FieldErrors errors)
    {
        if (PodServiceAccount.IsMirror(pod))
        {
            errors.Forbidden("", "static pods cannot be resized");
        }

        var (spec, before) = (pod.Object("spec") ?? [], old.Object("spec") ?? []);
        var count = errors.All.Count;
        foreach (var list in Lists)
        {
            CheckNames(spec, before, list, errors);
        }

        if (errors.All.Count > count)
        {
            return;
        }

        foreach (var list in Lists)
        {
            foreach (var ((container, at), was) in spec.Entries("spec", list).Zip(before.Objects(list)))
            {
                CheckContainer(container, was, at, list == "initContainers", errors);
            }
        }

        var quality = PodQuality.ClassOf(spec);
        if (quality != PodQuality.ClassOf(before))
        {
            errors.Invalid("spec", quality, "Pod QOS Class may not change as a result of resizing");
        }

        if (SpecDifference.Between(Fixed(before), Fixed(spec)) is { } difference)
        {
            errors.Forbidden("spec", $"only cpu and memory resources are mutable\n{difference}");
        }
    }

    private static void CheckNames(JsonObject spec, JsonObject before, string list, FieldErrors errors)
    {
        var (now, was) = (spec.Entries("spec", list).ToArray(), before.Objects(list).ToArray());
        if (now.Length != was.Length)
        {
            errors.Forbidden($"spec.{list}", "containers may not be added or removed on resize");
            return;
        }

        foreach (var ((container, at), old) in now.Zip(was))
        {
            if (Name(container) != Name(old))
            {
                errors.Forbidden($"{at}.name", "containers may not be renamed or reordered on resize");
            }
        }
    }

    private static void CheckContainer(JsonObject container, JsonObject was, string at, bool isInit, FieldErrors errors)
    {
        var (now, old) = (container.Object("resources") ?? [], was.Object("resources") ?? []);
        if (JsonNode.DeepEquals(now, old))
        {
            return;
        }

        if (isInit && container.Text("restartPolicy") != "Always")
        {
            errors.Forbidden($"{at}.resources", "resources for non-sidecar init containers are immutable");
            return;
        }

        ResourceValidation.Requirements(now, $"{at}.resources", errors);
        foreach (var kind in new[] { "limits", "requests" })
        {
            var left = now.StringMap(kind);
            if (old.StringMap(kind).Keys.Any(name => !left.ContainsKey(name)))
            {
                errors.Forbidden($"{at}.resources.{kind}", $"resource {kind} cannot be removed");
            }
        }

        if (Memory(now) < Memory(old) && !container.Objects("resizePolicy").Any(IsRestartForMemory))
        {
            errors.Forbidden($"{at}.resources.limits[memory]", "memory limits cannot be decreased unless resizePolicy is RestartContainer");
        }
    }

    private static bool IsRestartForMemory(JsonObject policy) => policy.Text("resourceName") == "memory" && policy.Text("restartPolicy") == "RestartContainer";

    private static decimal? Memory(JsonObject resources) =>
        Quantity.TryParse(resources.StringMap("limits").GetValueOrDefault("memory"), out var limit) ? limit.Value : null;

    /// <summary>The spec without what a resize may change.</summary>
    private static JsonObject Fixed(JsonObject pod)
    {
        var spec = (JsonObject)pod.DeepClone();
        foreach (var resources in Lists.SelectMany(list => spec.Objects(list)).Select(container => container.Ensure("resources")))
        {
            foreach (var kind in new[] { "limits", "requests" })
            {
                var amounts = resources.Ensure(kind);
                foreach (var name in Resizable)
                {
                    amounts.Remove(name);
                }
            }
        }

        return spec;
    }

    private static string Name(JsonObject container) => container.Text("name") ?? "";
}
