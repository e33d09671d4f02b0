using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.CustomResources.Schemas;

/// <summary>Takes out of an object the fields its schema does not have.</summary>
internal sealed class Pruning
{
    private readonly List<string> _path = [];
    private readonly List<string> _pruned = [];

    private Pruning()
    {
    }

    /// <summary>Prunes in place.</summary>
    /// <param name="obj">A whole object: its apiVersion, kind and metadata stay.</param>
    /// <param name="schema">Its kind's schema.</param>
    /// <returns>Paths of what was taken, "spec.list[0].field".</returns>
    public static IReadOnlyList<string> Prune(JsonObject obj, StructuralSchema schema)
    {
        var pruning = new Pruning();
        pruning.Object(obj, schema, isResource: true);
        pruning._pruned.Sort(StringComparer.Ordinal);
        return pruning._pruned;
    }

    private void Value(JsonNode? value, StructuralSchema? schema)
    {
        switch (value)
        {
            case JsonObject obj:
                Object(obj, schema, schema is { IsEmbeddedResource: true });
                break;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++)
                {
                    // What is kept unseen may be an array with objects in it.
                    if (schema is { PreservesUnknownFields: true, Items: null })
                    {
                        continue;
                    }

                    _path.Add($"[{i}]");
                    Value(list[i], schema?.Items);
                    _path.RemoveAt(_path.Count - 1);
                }

                break;
        }
    }

    private void Object(JsonObject obj, StructuralSchema? schema, bool isResource)
    {
        foreach (var (name, value) in obj.ToArray())
        {
            if (isResource && name is "apiVersion" or "kind" or "metadata")
            {
                continue;
            }

            _path.Add(_path.Count == 0 ? name : "." + name);
            if (schema is not null && schema.Properties.TryGetValue(name, out var property))
            {
                Value(value, property);
            }
            else if (schema is { HasAdditionalProperties: true })
            {
                Value(value, schema.AdditionalProperties);
            }
            else if (schema is not { PreservesUnknownFields: true })
            {
                _pruned.Add(string.Concat(_path));
                obj.Remove(name);
            }

            _path.RemoveAt(_path.Count - 1);
        }
    }
}
