using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources.Pods;

/// <summary>The environment of a container and where its values come from.</summary>
internal static class EnvironmentValidation
{
    private static readonly string[] PodFields =
    [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs",
        "status.podIP", "status.podIPs",
    ];

    private static readonly string[] ContainerResources =
        ["limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"];

    public static void Validate(JsonObject container, string path, FieldErrors errors)
    {
        foreach (var (variable, at) in container.Entries(path, "env"))
        {
            var name = variable.Text("name") ?? "";
            if (name.Length == 0)
            {
                errors.Required($"{at}.name");
            }
            else
            {
                errors.Rule($"{at}.name", name, ValueRules.EnvironmentName(name));
            }

            if (variable.Object("valueFrom") is { } source)
            {
                From(source, $"{at}.valueFrom", !string.IsNullOrEmpty(variable.Text("value")), errors);
            }
        }

        foreach (var (source, at) in container.Entries(path, "envFrom"))
        {
            Bulk(source, at, $"{path}.envFrom", errors);
        }
    }

    /// <summary>A field of the pod, in variables and in downward API files.</summary>
    public static void FieldRef(JsonObject field, string path, IReadOnlyList<string> known, FieldErrors errors)
    {
        var (version, name) = (field.Text("apiVersion") ?? "", field.Text("fieldPath") ?? "");
        if (version.Length == 0 || name.Length == 0)
        {
            errors.Required(version.Length == 0 ? $"{path}.apiVersion" : $"{path}.fieldPath");
            return;
        }

        if (version != "v1")
        {
            errors.Invalid($"{path}.fieldPath", name, $"error converting fieldPath: unsupported pod version: {version}");
            return;
        }

        if (Subscript(name) is var (list, key))
        {
            if (list is "metadata.annotations" or "metadata.labels")
            {
                errors.Key(path, list == "metadata.annotations" ? key.ToLowerInvariant() : key);
            }
            else
            {
                errors.Invalid($"{path}.fieldPath", name, $"error converting fieldPath: field label does not support subscript: {name}");
            }
        }
        else if (!PodFields.Contains(name) && name is not ("metadata.annotations" or "metadata.labels" or "spec.restartPolicy" or "spec.schedulerName" or "status.phase"))
        {
            errors.Invalid($"{path}.fieldPath", name, $"error converting fieldPath: field label not supported: {name}");
        }
        else if (!known.Contains(name))
        {
            errors.NotSupported($"{path}.fieldPath", name, [.. known]);
        }
    }

    /// <summary>A request or limit of a container; a volume must say of which.</summary>
    public static void ResourceRef(JsonObject resource, string path, bool inVolume, FieldErrors errors)
    {
        var name = resource.Text("resource") ?? "";
        if (inVolume && resource.Text("containerName") is null or "")
        {
            errors.Required($"{path}.containerName");
        }
        else if (name.Length == 0)
        {
            errors.Required($"{path}.resource");
        }
        else if (!ContainerResources.Contains(name) && !name.StartsWith("requests.hugepages-", StringComparison.Ordinal) && !name.StartsWith("limits.hugepages-", StringComparison.Ordinal))
        {
            errors.NotSupported($"{path}.resource", name, ContainerResources);
        }

        if (resource.Text("divisor") is { } divisor && divisor is not ("0" or "1" or "1m") && name.EndsWith(".cpu", StringComparison.Ordinal))
        {
            errors.Invalid($"{path}.divisor", name, "only divisor's values 1m and 1 are supported with the cpu resource");
        }
    }

    private static void From(JsonObject source, string path, bool hasValue, FieldErrors errors)
    {
        var sources = 0;
        if (source.Object("fieldRef") is { } field)
        {
            sources++;
            FieldRef(field, $"{path}.fieldRef", PodFields, errors);
        }

        if (source.Object("resourceFieldRef") is { } resource)
        {
            sources++;
            ResourceRef(resource, $"{path}.resourceFieldRef", inVolume: false, errors);
        }

        foreach (var name in new[] { "configMapKeyRef", "secretKeyRef" })
        {
            if (source.Object(name) is { } selector)
            {
                sources++;
                KeySelector(selector, $"{path}.{name}", errors);
            }
        }

        if (sources == 0)
        {
            errors.Invalid(path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`");
        }
        else if (hasValue)
        {
            errors.Invalid(path, "", "may not be specified when `value` is not empty");
        }
        else if (sources > 1)
        {
            errors.Invalid(path, "", "may not have more than one field specified at a time");
        }
    }

    private static void KeySelector(JsonObject selector, string path, FieldErrors errors)
    {
        var (name, key) = (selector.Text("name") ?? "", selector.Text("key") ?? "");
        errors.Rule($"{path}.name", name, NameRule.Subdomain.Errors(name));
        if (key.Length == 0)
        {
            errors.Required($"{path}.key");
        }
        else
        {
            errors.Rule($"{path}.key", key, ValueRules.ConfigKey(key));
        }
    }

    private static void Bulk(JsonObject source, string at, string list, FieldErrors errors)
    {
        if (source.Text("prefix") is { Length: > 0 } prefix)
        {
            errors.Rule($"{at}.prefix", prefix, ValueRules.EnvironmentName(prefix));
        }

        var sources = 0;
        foreach (var name in new[] { "configMapRef", "secretRef" })
        {
            if (source.Object(name) is { } reference)
            {
                sources++;
                errors.Named($"{at}.{name}.name", reference.Text("name"), NameRule.Subdomain);
            }
        }

        if (sources != 1)
        {
            errors.Invalid(list, "", sources == 0 ? "must specify one of: `configMapRef` or `secretRef`" : "may not have more than one field specified at a time");
        }
    }

    /// <summary>metadata.labels['key'].</summary>
    private static (string List, string Key)? Subscript(string name)
    {
        var open = name.IndexOf("['", StringComparison.Ordinal);
        return open > 0 && name.EndsWith("']", StringComparison.Ordinal) ? (name[..open], name[(open + 2)..^2]) : null;
    }
}
