using System.Text.Json.Nodes;
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

        ValidateLabels(metadata.StringMap("labels"), "metadata.labels", errors);
        var annotationBytes = 0;
        foreach (var (key, value) in metadata.StringMap("annotations"))
        {
            ValidateKey(key.ToLowerInvariant(), "metadata.annotations", errors);
            annotationBytes += key.Length + value.Length;
        }

        if (annotationBytes > MaxAnnotationBytes)
        {
            errors.InvalidTooLong("metadata.annotations", MaxAnnotationBytes);
        }

        var index = 0;
        foreach (var owner in metadata.Objects("ownerReferences"))
        {
            foreach (var field in (ReadOnlySpan<string>)["apiVersion", "kind", "name", "uid"])
            {
                if (owner.Text(field) is null or "")
                {
                    errors.InvalidRaw($"metadata.ownerReferences[{index}].{field}", "\"\"", "must not be empty");
                }
            }

            index++;
        }
    }

    public static void ValidateLabels(IReadOnlyDictionary<string, string> labels, string field, FieldErrors errors)
    {
        foreach (var (key, value) in labels)
        {
            ValidateKey(key, field, errors);
            foreach (var message in NameRule.LabelValue.Errors(value))
            {
                errors.Invalid(field, value, message);
            }
        }
    }

    private static void ValidateKey(string key, string field, FieldErrors errors)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var name = key[(slash + 1)..];
        if (slash == 0)
        {
            errors.Invalid(field, key, "prefix part must be non-empty");
        }

        foreach (var message in slash > 0 ? NameRule.Subdomain.Errors(key[..slash]) : [])
        {
            errors.Invalid(field, key, "prefix part " + message);
        }

        if (name.Length == 0)
        {
            errors.Invalid(field, key, "name part must be non-empty");
            return;
        }

        foreach (var message in NameRule.QualifiedName.Errors(name))
        {
            errors.Invalid(field, key, message.StartsWith("must be", StringComparison.Ordinal) ? "name part " + message : message);
        }
    }
}
