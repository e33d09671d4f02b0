using System.Text.Json.Nodes;
using Dataplane.ControlPlane.CustomResources.Schemas;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.CustomResources.Definitions;

/// <summary>Rules of selectableFields (KEP-4358): at most eight, simple paths to scalars of the schema, each once.</summary>
internal static class SelectableFields
{
    private const int Most = 8;

    public static void Check(JsonObject version, string field, FieldErrors errors)
    {
        var fields = version.Objects("selectableFields").Select(entry => entry.Text("jsonPath") ?? "").ToArray();
        if (fields.Length > Most)
        {
            errors.Add(field, "FieldValueTooMany", $"Too many: {fields.Length}: must have at most {Most} items");
        }

        for (var i = 0; i < fields.Length; i++)
        {
            var path = $"{field}[{i}].jsonPath";
            if (fields[i].Length == 0)
            {
                errors.Required(path);
            }
            else if (Names(fields[i]) is not { } names)
            {
                errors.Invalid(path, fields[i], "must be a simple json path starting with .");
            }
            else if (names is ["metadata", ..])
            {
                errors.Invalid(path, fields[i], "must not point to fields in metadata");
            }
            else if (TypeAt(version.Object("schema", "openAPIV3Schema"), names) is not ("string" or "integer" or "boolean"))
            {
                errors.Invalid(
                    path, fields[i],
                    "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.");
            }
            else if (fields.Take(i).Contains(fields[i]))
            {
                errors.Duplicate(path, fields[i]);
            }
        }
    }

    private static IReadOnlyList<string>? Names(string path)
    {
        try
        {
            return path[0] == '.' ? JsonPath.Parse(path).Names : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static string? TypeAt(JsonObject? schema, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            schema = schema?.Object("properties", name);
        }

        return schema?.Text("type");
    }
}
