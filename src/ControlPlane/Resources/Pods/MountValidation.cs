using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources.Pods;

/// <summary>Where a container has the pod's volumes: as directories, or claims as block devices.</summary>
internal static class MountValidation
{
    public static void Validate(JsonObject container, string path, IReadOnlyDictionary<string, JsonObject> volumes, FieldErrors errors)
    {
        var devices = container.Objects("volumeDevices").ToList();
        var paths = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (mount, at) in container.Entries(path, "volumeMounts"))
        {
            var (name, target) = (mount.Text("name") ?? "", mount.Text("mountPath") ?? "");
            if (name.Length == 0)
            {
                errors.Required($"{at}.name");
            }

            if (!volumes.ContainsKey(name))
            {
                errors.NotFound($"{at}.name", name);
            }

            if (target.Length == 0)
            {
                errors.Required($"{at}.mountPath");
            }

            if (!paths.Add(target))
            {
                errors.Invalid($"{at}.mountPath", target, "must be unique");
            }

            if (devices.Any(device => device.Text("name") == name))
            {
                errors.Invalid($"{at}.name", name, "must not already exist in volumeDevices");
            }

            if (devices.Any(device => device.Text("devicePath") == target))
            {
                errors.Invalid($"{at}.mountPath", target, "must not already exist as a path in volumeDevices");
            }

            Below(mount, at, $"{path}.volumeMounts", errors);
            Propagation(mount, $"{path}.volumeMounts", container.Boolean("securityContext", "privileged") == true, errors);
        }

        Devices(container, path, volumes, errors);
    }

    private static void Below(JsonObject mount, string at, string list, FieldErrors errors)
    {
        if (mount.Text("subPath") is { Length: > 0 } subPath)
        {
            errors.Rule($"{list}.subPath", subPath, ValueRules.DescendingPath(subPath));
        }

        if (mount.Text("subPathExpr") is { Length: > 0 } expression)
        {
            if (mount.Text("subPath") is { Length: > 0 })
            {
                errors.Invalid($"{at}.subPathExpr", expression, "subPathExpr and subPath are mutually exclusive");
            }

            errors.Rule($"{list}.subPathExpr", expression, ValueRules.DescendingPath(expression));
        }
    }

    private static void Propagation(JsonObject mount, string list, bool privileged, FieldErrors errors)
    {
        if (mount.Text("mountPropagation") is not { } propagation)
        {
            return;
        }

        errors.KnownOrAbsent($"{list}.mountPropagation", propagation, "Bidirectional", "HostToContainer", "None");
        if (propagation == "Bidirectional" && !privileged)
        {
            errors.Forbidden($"{list}.mountPropagation", "Bidirectional mount propagation is available only to privileged containers");
        }
    }

    private static void Devices(JsonObject container, string path, IReadOnlyDictionary<string, JsonObject> volumes, FieldErrors errors)
    {
        var (names, paths) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        foreach (var (device, at) in container.Entries(path, "volumeDevices"))
        {
            var (name, target) = (device.Text("name") ?? "", device.Text("devicePath") ?? "");
            if (name.Length == 0)
            {
                errors.Required($"{at}.name");
            }
            else if (!names.Add(name))
            {
                errors.Invalid($"{at}.name", name, "must be unique");
            }

            if (!volumes.TryGetValue(name, out var volume))
            {
                errors.NotFound($"{at}.name", name);
            }
            else if (!volume.ContainsKey("persistentVolumeClaim") && !volume.ContainsKey("ephemeral"))
            {
                errors.Invalid($"{at}.name", name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
            }

            if (target.Length == 0)
            {
                errors.Required($"{at}.devicePath");
            }
            else if (!paths.Add(target))
            {
                errors.Invalid($"{at}.devicePath", target, "must be unique");
            }

            if (ValueRules.HasBacksteps(target))
            {
                errors.Invalid($"{at}.devicePath", target, "can not contain backsteps ('..')");
            }
        }
    }
}
