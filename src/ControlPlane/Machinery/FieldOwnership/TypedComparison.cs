using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Machinery.FieldOwnership;

/// <summary>What became of the fields between two versions of an object.</summary>
internal sealed class TypedComparison
{
    /// <summary>
    /// Structs that Go's encoder writes even when they are empty, so that upstream never sees them come or go and nobody owns
    /// them as such.
    /// </summary>
    private static readonly HashSet<string> AlwaysThere = new[] { "metadata", "spec", "status", "strategy", "template", "loadBalancer", "containers" }.Select(name => "f:" + name).ToHashSet();

    private readonly List<PathElement> _path = [];

    public FieldSet Added { get; } = new();

    public FieldSet Removed { get; } = new();

    public FieldSet Modified { get; } = new();

    public bool IsSame => Added.IsEmpty && Removed.IsEmpty && Modified.IsEmpty;

    /// <param name="old">The earlier version.</param>
    /// <param name="now">The later version.</param>
    /// <param name="type">What both are.</param>
    /// <param name="differs">Whether a field of the object is worth looking at; null looks at all of them.</param>
    public static TypedComparison Of(JsonObject old, JsonObject now, FieldType type, Func<string, bool>? differs = null)
    {
        var comparison = new TypedComparison();
        if (type.Topology == FieldTopology.Struct)
        {
            comparison.CompareFields(old, now, type, differs);
        }
        else
        {
            comparison.Compare(old, now, type);
        }

        return comparison;
    }

    private void Compare(JsonNode? old, JsonNode? now, FieldType type)
    {
        // An empty map or list has no part that could be owned: it is owned itself.
        if (type.IsLeaf(old) || type.IsLeaf(now) || (IsEmpty(old) && IsEmpty(now)))
        {
            Record(old, now, Modified);
            return;
        }

        if (type.Topology is FieldTopology.Struct or FieldTopology.Map or FieldTopology.Deduced)
        {
            CompareFields(old as JsonObject, now as JsonObject, type);
        }
        else
        {
            CompareItems(old, now, type);
        }

        if (_path.Count > 0 && (old is null || now is null) && !AlwaysThere.Contains(_path[^1].Encoded))
        {
            Record(old, now, Modified);
        }
    }

    private void CompareFields(JsonObject? old, JsonObject? now, FieldType type, Func<string, bool>? differs = null)
    {
        if (now is not null)
        {
            foreach (var (name, value) in now)
            {
                if (differs is null || differs(name))
                {
                    Descend(PathElement.Field(name), old?[name], value, type.Part(name));
                }
            }
        }

        if (old is not null)
        {
            foreach (var (name, value) in old)
            {
                if ((now is null || !now.ContainsKey(name)) && (differs is null || differs(name)))
                {
                    Descend(PathElement.Field(name), value, null, type.Part(name));
                }
            }
        }
    }

    private void CompareItems(JsonNode? old, JsonNode? now, FieldType type)
    {
        var before = type.Index(old);
        var after = type.Index(now);
        foreach (var (element, part) in after)
        {
            Descend(element, before.TryGetValue(element, out var same) ? same.Value : null, part.Value, part.Type);
        }

        foreach (var (element, part) in before)
        {
            if (!after.ContainsKey(element))
            {
                Descend(element, part.Value, null, part.Type);
            }
        }
    }

    private void Descend(PathElement element, JsonNode? old, JsonNode? now, FieldType type)
    {
        _path.Add(element);
        Compare(old, now, type);
        _path.RemoveAt(_path.Count - 1);
    }

    private void Record(JsonNode? old, JsonNode? now, FieldSet modified)
    {
        if (old is null && now is null)
        {
            return;
        }

        if (old is null)
        {
            Added.Insert(_path);
        }
        else if (now is null)
        {
            Removed.Insert(_path);
        }
        else if (!JsonNode.DeepEquals(old, now))
        {
            modified.Insert(_path);
        }
    }

    private static bool IsEmpty(JsonNode? value) => value is null or JsonObject { Count: 0 } or JsonArray { Count: 0 };
}
