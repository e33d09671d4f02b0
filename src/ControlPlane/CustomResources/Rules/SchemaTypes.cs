using System.Text;
using Dataplane.ControlPlane.CustomResources.Schemas;
using Dataplane.ControlPlane.Machinery.Cel;

namespace Dataplane.ControlPlane.CustomResources.Rules;

/// <summary>What the rules of a schema know about the values they are for.</summary>
internal static class SchemaTypes
{
    private static readonly string[] ReservedNames =
    [
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
        "namespace", "return", "var", "void", "while",
    ];

    /// <summary>Null for what rules cannot see: fields of any type that are kept unseen.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="isResource">A whole object, which has apiVersion, kind and metadata whatever its schema says.</param>
    /// <param name="name">What messages call an object of it.</param>
    public static CelType? Of(StructuralSchema schema, bool isResource, string name = "selfType")
    {
        if (schema.IsIntOrString)
        {
            return CelType.Dyn;
        }

        switch (schema.Type)
        {
            case "array":
                return schema.Items is { } items && Of(items, items.IsEmbeddedResource, name + ".@idx") is { } element ? CelType.List(element) : null;
            case "object" when schema.AdditionalProperties is { } additional:
                return Of(additional, additional.IsEmbeddedResource, name + ".@elem") is { } value ? CelType.Map(CelType.Text, value) : null;
            case "object":
                return Object(schema, isResource, name);
            case "string":
                return schema.Format switch
                {
                    "byte" => CelType.Bytes,
                    "duration" => CelType.Duration,
                    "date" or "date-time" => CelType.Timestamp,
                    _ => CelType.Text,
                };
            case "boolean":
                return CelType.Bool;
            case "number":
                return CelType.Double;
            case "integer":
                return CelType.Int;
            default:
                return null;
        }
    }

    /// <summary>A field's name as an expression writes it; null when it cannot be written.</summary>
    public static string? Escape(string name)
    {
        if (ReservedNames.Contains(name))
        {
            return $"__{name}__";
        }

        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
        {
            return null;
        }

        var escaped = new StringBuilder();
        for (var i = 0; i < name.Length; i++)
        {
            var (text, length) = name[i] switch
            {
                '_' when i + 1 < name.Length && name[i + 1] == '_' => ("__underscores__", 2),
                '.' => ("__dot__", 1),
                '-' => ("__dash__", 1),
                '/' => ("__slash__", 1),
                var letter when char.IsAsciiLetterOrDigit(letter) || letter == '_' => (letter.ToString(), 1),
                _ => (null, 0),
            };
            if (text is null)
            {
                return null;
            }

            escaped.Append(text);
            i += length - 1;
        }

        return escaped.ToString();
    }

    private static CelType Object(StructuralSchema schema, bool isResource, string name)
    {
        var fields = new Dictionary<string, CelType>(StringComparer.Ordinal);
        foreach (var (property, child) in schema.Properties)
        {
            if (Escape(property) is { } escaped && !(isResource && property is "apiVersion" or "kind" or "metadata")
                && Of(child, child.IsEmbeddedResource, $"{name}.{escaped}") is { } type)
            {
                fields[escaped] = type;
            }
        }

        if (isResource)
        {
            fields["apiVersion"] = CelType.Text;
            fields["kind"] = CelType.Text;
            fields["metadata"] = CelType.Object(
                $"{name}.metadata", new Dictionary<string, CelType>(StringComparer.Ordinal) { ["name"] = CelType.Text, ["generateName"] = CelType.Text });
        }

        return CelType.Object(name, fields);
    }
}
