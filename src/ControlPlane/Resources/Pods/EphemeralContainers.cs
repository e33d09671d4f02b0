using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources.Pods;

/// <summary>
/// Containers that are added to a pod that runs, through its subresource ephemeralcontainers: kubectl debug. They stay as they are
/// once they are there.
/// </summary>
internal static class EphemeralContainers
{
    private const string Field = "ephemeralContainers";
    private const string Path = "spec." + Field;

    /// <summary>Fields of a container that promise something to others. Upstream names them as its Go type does.</summary>
    private static readonly (string Name, string Shown)[] Promises =
    [
        ("ports", "Ports"), ("resources", "Resources"), ("resizePolicy", "ResizePolicy"), ("restartPolicy", "RestartPolicy"), ("livenessProbe", "LivenessProbe"),
        ("readinessProbe", "ReadinessProbe"), ("startupProbe", "StartupProbe"), ("lifecycle", "Lifecycle"),
    ];

    /// <summary>Nothing else of the pod changes with them.</summary>
    public static void Prepare(JsonObject pod, JsonObject old)
    {
        var added = pod.Array("spec", Field)?.DeepClone();
        PodSubresource.Revert(pod, old);
        PodSubresource.Set(pod.Ensure("spec"), Field, added);
    }

    /// <summary>What is wrong with a write of them.</summary>
    public static void Validate(JsonObject pod, JsonObject old, FieldErrors errors)
    {
        if (PodServiceAccount.IsMirror(pod))
        {
            errors.Forbidden("", "static pods do not support ephemeral containers");
        }

        var spec = pod.Object("spec") ?? [];
        var others = spec.Objects("containers").Concat(spec.Objects("initContainers")).Select(Name).ToHashSet(StringComparer.Ordinal);
        var names = new HashSet<string>(others, StringComparer.Ordinal);

        // The volumes were found right when the pod was made.
        var volumes = VolumeValidation.Validate(spec, "spec", new FieldErrors());
        foreach (var (container, at) in spec.Entries("spec", Field))
        {
            ContainerValidation.Common(container, at, volumes, errors);
            if (!names.Add(Name(container)))
            {
                errors.Duplicate($"{at}.name", Name(container));
            }

            if (container.Text("targetContainerName") is { Length: > 0 } target && !others.Contains(target))
            {
                errors.NotFound($"{at}.targetContainerName", target);
            }

            CheckPromises(container, at, errors);
        }

        CheckKept(spec, old, errors);
    }

    private static void CheckPromises(JsonObject container, string at, FieldErrors errors)
    {
        const string refusal = "cannot be set for an Ephemeral Container";
        foreach (var (name, shown) in Promises)
        {
            if (container[name] is { } value && value is not JsonObject { Count: 0 } and not JsonArray { Count: 0 })
            {
                errors.Forbidden($"{at}.{shown}", refusal);
            }
        }

        foreach (var (mount, place) in container.Entries(at, "volumeMounts"))
        {
            foreach (var field in new[] { "subPath", "subPathExpr" }.Where(field => mount.Text(field) is { Length: > 0 }))
            {
                errors.Forbidden($"{place}.{field}", refusal);
            }
        }
    }

    private static void CheckKept(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        foreach (var before in old.Objects("spec", Field))
        {
            var now = spec.Objects(Field).FirstOrDefault(container => Name(container) == Name(before));
            if (now is null)
            {
                errors.Forbidden(Path, $"existing ephemeral containers {GoValue.Quote(Name(before))} may not be removed\n");
            }
            else if (SpecDifference.Between(before, now) is { } difference)
            {
                errors.Forbidden(Path, $"existing ephemeral containers {GoValue.Quote(Name(before))} may not be changed\n{difference}");
            }
        }
    }

    private static string Name(JsonObject container) => container.Text("name") ?? "";
}
