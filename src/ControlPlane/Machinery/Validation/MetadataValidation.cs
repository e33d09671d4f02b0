using System.Text;
using System.Text.Json.Nodes;
using Dataplane.Api.Selectors;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Machinery.Validation;

/// <summary>What every kind's metadata must satisfy.</summary>
internal static class MetadataValidation
{
    private const int MaxAnnotationBytes = 256 * 1024;

    public static void Validate(ResourceDescriptor descriptor, JsonObject obj, FieldErrors errors)
    {
        var metadata = obj.Metadata();
        var name = metadata.Text("name") ?? "";
        if (name.Length == 0)
        {
            errors.Required("metadata.name", "name or generateName is required");
        }

        foreach (var message in name.Length == 0 ? [] : descriptor.NameRule.Errors(name))
        {
            errors.Invalid("metadata.name", name, message);
        }

        if (metadata.Text("generateName") is { Length: > 0 } prefix)
        {
            // What is generated ends in letters: the prefix may end in a dash.
            errors.Rule("metadata.generateName", prefix, descriptor.NameRule.Errors(prefix[^1] == '-' ? prefix[..^1] + "a" : prefix));
        }

        ValidateLabels(metadata.StringMap("labels"), "metadata.labels", errors);
        ValidateAnnotations(metadata.StringMap("annotations"), "metadata.annotations", errors);
        ValidateOwners(metadata, errors);
        ValidateFinalizers(metadata, errors);
    }

    public static void ValidateAnnotations(IReadOnlyDictionary<string, string> annotations, string field, FieldErrors errors)
    {
        var bytes = 0;
        foreach (var (key, value) in annotations)
        {
            errors.Rule(field, key, LabelSyntax.KeyErrors(key.ToLowerInvariant()));
            bytes += Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value);
        }

        if (bytes > MaxAnnotationBytes)
        {
            errors.InvalidTooLong(field, MaxAnnotationBytes);
        }
    }

    public static void ValidateLabels(IReadOnlyDictionary<string, string> labels, string field, FieldErrors errors)
    {
        foreach (var (key, value) in labels)
        {
            errors.Key(field, key);
            errors.Rule(field, value, LabelSyntax.ValueErrors(value));
        }
    }

    private static void ValidateOwners(JsonObject metadata, FieldErrors errors)
    {
        var controllers = new List<string>();
        foreach (var owner in metadata.Objects("ownerReferences"))
        {
            const string path = "metadata.ownerReferences";
            foreach (var field in (ReadOnlySpan<string>)["apiVersion", "kind", "name", "uid"])
            {
                if (owner.Text(field) is null or "")
                {
                    errors.Invalid($"{path}.{field}", "", field == "apiVersion" ? "version must not be empty" : "must not be empty");
                }
            }

            if (owner.Text("apiVersion") == "v1" && owner.Text("kind") == "Event")
            {
                errors.InvalidRaw(path, GoValue.Quote("/v1, Kind=Event"), "/v1, Kind=Event is disallowed from being an owner");
            }

            if (owner.Boolean("controller") == true)
            {
                controllers.Add(owner.Text("name") ?? "");
            }
        }

        if (controllers.Count > 1)
        {
            errors.InvalidRaw(
                "metadata.ownerReferences", metadata["ownerReferences"]!.ToJsonString(),
                $"Only one reference can have Controller set to true. Found \"true\" in references for {controllers[0]} and {controllers[1]}");
        }
    }

    private static void ValidateFinalizers(JsonObject metadata, FieldErrors errors)
    {
        const string path = "metadata.finalizers";
        var finalizers = metadata.Texts("finalizers").ToList();
        for (var i = 0; i < finalizers.Count; i++)
        {
            errors.Key(path, finalizers[i]);
            if (!finalizers[i].Contains('/', StringComparison.Ordinal) && finalizers[i] is not ("kubernetes" or "orphan" or "foregroundDeletion"))
            {
                errors.Invalid($"{path}[{i}]", finalizers[i], "name is neither a standard finalizer name nor is it fully qualified");
            }
        }

        if (finalizers.Contains("orphan") && finalizers.Contains("foregroundDeletion"))
        {
            errors.InvalidRaw(path, GoValue.Strings(metadata.Array("finalizers")), "finalizer orphan and foregroundDeletion cannot be both set");
        }
    }
}
