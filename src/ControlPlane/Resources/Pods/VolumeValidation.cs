using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources.Pods;

/// <summary>The volumes of a pod. Sources that nothing here can mount are only counted: theirs is the business of their drivers.</summary>
internal static class VolumeValidation
{
    private static readonly string[] FileFields = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
    private static readonly string[] HostPathTypes = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

    /// <returns>The usable volumes by name: a mount of another one is an error too.</returns>
    public static Dictionary<string, JsonObject> Validate(JsonObject spec, string path, FieldErrors errors)
    {
        var usable = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var (volume, at) in spec.Entries(path, "volumes"))
        {
            var before = errors.All.Count;
            Source(volume, at, errors);
            errors.Named($"{at}.name", volume.Text("name"), NameRule.Label);
            if (usable.ContainsKey(volume.Text("name") ?? ""))
            {
                errors.Duplicate($"{at}.name", volume.Text("name") ?? "");
            }

            if (errors.All.Count == before)
            {
                usable[volume.Text("name")!] = volume;
            }
        }

        return usable;
    }

    /// <summary>A host path, in pods and in persistent volumes.</summary>
    public static void HostPath(JsonObject source, string path, FieldErrors errors)
    {
        if (source.Text("path") is not { Length: > 0 } target)
        {
            errors.Required($"{path}.path");
            return;
        }

        if (ValueRules.HasBacksteps(target))
        {
            errors.Invalid($"{path}.path", target, "must not contain '..'");
        }

        errors.KnownOrAbsent($"{path}.type", source.Text("type"), HostPathTypes);
    }

    private static void Source(JsonObject volume, string path, FieldErrors errors)
    {
        var sources = volume.Where(field => field.Key != "name" && field.Value is JsonObject).ToList();
        if (sources.Count == 0)
        {
            errors.Required(path, "must specify a volume type");
            return;
        }

        foreach (var extra in sources.Skip(1))
        {
            errors.Forbidden($"{path}.{extra.Key}", "may not specify more than 1 volume type");
        }

        var (kind, source) = (sources[0].Key, (JsonObject)sources[0].Value!);
        var at = $"{path}.{kind}";
        switch (kind)
        {
            case "emptyDir" when source.Text("sizeLimit") is ['-', ..]:
                errors.Forbidden($"{at}.sizeLimit", "SizeLimit field must be a valid resource quantity");
                break;
            case "hostPath":
                HostPath(source, at, errors);
                break;
            case "secret":
                Files(source, "secretName", at, errors);
                break;
            case "configMap":
                Files(source, "name", at, errors);
                break;
            case "persistentVolumeClaim" when source.Text("claimName") is null or "":
                errors.Required($"{at}.claimName");
                break;
            case "downwardAPI":
                Mode(source, "defaultMode", at, errors);
                FieldFiles(source, at, errors);
                break;
            case "projected":
                Projected(source, at, errors);
                break;
            case "nfs":
                Nfs(source, at, errors);
                break;
        }
    }

    private static void Files(JsonObject source, string nameField, string path, FieldErrors errors)
    {
        if (source.Text(nameField) is null or "")
        {
            errors.Required($"{path}.{nameField}");
        }

        Mode(source, "defaultMode", path, errors);
        Items(source, path, errors);
    }

    private static void Items(JsonObject source, string path, FieldErrors errors)
    {
        foreach (var (item, at) in source.Entries(path, "items"))
        {
            if (item.Text("key") is null or "")
            {
                errors.Required($"{at}.key");
            }

            Target(item, at, errors);
        }
    }

    private static void Target(JsonObject item, string at, FieldErrors errors)
    {
        if (item.Text("path") is not { Length: > 0 } target)
        {
            errors.Required($"{at}.path");
        }
        else
        {
            errors.Rule($"{at}.path", target, ValueRules.DescendingPath(target));
            if (target.StartsWith("..", StringComparison.Ordinal) && !target.StartsWith("../", StringComparison.Ordinal))
            {
                errors.Invalid($"{at}.path", target, "must not start with '..'");
            }
        }

        Mode(item, "mode", at, errors);
    }

    private static void Mode(JsonObject obj, string field, string path, FieldErrors errors)
    {
        if (obj.Integer(field) is { } mode and (< 0 or > 511))
        {
            errors.Invalid($"{path}.{field}", mode, ValueRules.FileMode);
        }
    }

    private static void FieldFiles(JsonObject source, string path, FieldErrors errors)
    {
        foreach (var (item, at) in source.Entries(path, "items"))
        {
            Target(item, at, errors);
            var (field, resource) = (item.Object("fieldRef"), item.Object("resourceFieldRef"));
            if (field is not null)
            {
                EnvironmentValidation.FieldRef(field, $"{at}.fieldRef", FileFields, errors);
                if (resource is not null)
                {
                    errors.Invalid(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
                }
            }
            else if (resource is not null)
            {
                EnvironmentValidation.ResourceRef(resource, $"{at}.resourceFieldRef", inVolume: true, errors);
            }
            else
            {
                errors.Required(at, "one of fieldRef and resourceFieldRef is required");
            }
        }
    }

    private static void Projected(JsonObject source, string path, FieldErrors errors)
    {
        Mode(source, "defaultMode", path, errors);
        var paths = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (item, at) in source.Entries(path, "sources"))
        {
            var kinds = item.Where(field => field.Value is JsonObject).ToList();
            if (kinds.Count == 0)
            {
                errors.Required(at, "must specify at least 1 volume type in sources");
                continue;
            }

            foreach (var extra in kinds.Skip(1))
            {
                errors.Forbidden($"{at}.{extra.Key}", "may not specify more than 1 volume type per source");
            }

            var (kind, content) = (kinds[0].Key, (JsonObject)kinds[0].Value!);
            if (kind is "secret" or "configMap" && content.Text("name") is null or "")
            {
                errors.Required($"{at}.{kind}.name");
            }

            if (kind is "secret" or "configMap")
            {
                Items(content, $"{at}.{kind}", errors);
            }
            else if (kind == "downwardAPI")
            {
                FieldFiles(content, $"{at}.{kind}", errors);
            }
            else if (kind == "serviceAccountToken")
            {
                Token(content, $"{at}.{kind}", errors);
            }

            foreach (var target in content.Objects("items").Select(file => file.Text("path")).Append(content.Text("path")).Where(target => !string.IsNullOrEmpty(target)))
            {
                if (!paths.Add(target!))
                {
                    errors.Invalid(path, target!, "conflicting duplicate paths");
                }
            }
        }
    }

    private static void Token(JsonObject token, string path, FieldErrors errors)
    {
        switch (token.Integer("expirationSeconds"))
        {
            case < 600 and var seconds:
                errors.Invalid($"{path}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes");
                break;
            case > uint.MaxValue and var seconds:
                errors.Invalid($"{path}.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds");
                break;
        }

        if (token.Text("path") is null or "")
        {
            errors.Required($"{path}.path");
        }
    }

    private static void Nfs(JsonObject source, string path, FieldErrors errors)
    {
        foreach (var field in new[] { "server", "path" }.Where(field => source.Text(field) is null or ""))
        {
            errors.Required($"{path}.{field}");
        }

        if (source.Text("path") is { Length: > 0 } target && target[0] != '/')
        {
            errors.Invalid($"{path}.path", target, "must be an absolute path");
        }
    }
}
