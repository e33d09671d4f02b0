using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Machinery.FieldOwnership;

/// <summary>Field sets of values, and values changed by field sets.</summary>
internal static class TypedValues
{
    /// <summary>The fields an applied configuration names.</summary>
    /// <exception cref="ApplyException">An item without its keys, or two items with the same.</exception>
    public static FieldSet Fields(JsonObject config, FieldType type)
    {
        var set = new FieldSet();
        Collect(config, type, set, []);
        return set;
    }

    /// <summary>The parts by their place; of several in the same place the first.</summary>
    public static Dictionary<PathElement, FieldPart> Index(this FieldType type, JsonNode? value)
    {
        var index = new Dictionary<PathElement, FieldPart>();
        foreach (var part in type.Parts(value))
        {
            index.TryAdd(part.Element, part);
        }

        return index;
    }

    /// <summary>The live value with everything the configuration says; neither is changed.</summary>
    public static JsonNode Merge(JsonNode? live, JsonNode config, FieldType type)
    {
        switch (type.Topology, live, config)
        {
            case (FieldTopology.Struct or FieldTopology.Map or FieldTopology.Deduced, JsonObject before, JsonObject wanted):
                var merged = (JsonObject)before.DeepClone();
                foreach (var part in type.Parts(wanted))
                {
                    merged[part.Element.Text] = Merge(before[part.Element.Text], part.Value, part.Type);
                }

                return merged;
            case (FieldTopology.KeyedList or FieldTopology.Set, JsonArray before, JsonArray wanted):
                return MergeItems(before, wanted, type);
            default:
                return config.DeepClone();
        }
    }

    /// <summary>The value without the members of a set.</summary>
    public static JsonNode Remove(JsonNode value, FieldType type, FieldSet gone)
    {
        switch (type.Topology, value)
        {
            case (FieldTopology.Struct or FieldTopology.Map or FieldTopology.Deduced, JsonObject obj):
                var rest = new JsonObject();
                foreach (var part in type.Parts(obj))
                {
                    var below = gone.Below(part.Element);
                    if (!below.IsMember)
                    {
                        rest[part.Element.Text] = Remove(part.Value, part.Type, below);
                    }
                }

                return rest;
            case (FieldTopology.KeyedList or FieldTopology.Set, JsonArray list):
                return new JsonArray([.. type.Parts(list)
                    .Where(part => !gone.Below(part.Element).IsMember)
                    .Select(part => Remove(part.Value, part.Type, gone.Below(part.Element)))]);
            default:
                return value.DeepClone();
        }
    }

    /// <summary>Items of the configuration come in its order; the others stay after the item they followed.</summary>
    private static JsonArray MergeItems(JsonArray live, JsonArray config, FieldType type)
    {
        var before = type.Index(live);
        var wanted = type.Index(config);
        var merged = new JsonArray();
        var placed = new HashSet<PathElement>();
        using var next = wanted.Values.GetEnumerator();
        foreach (var part in type.Parts(live))
        {
            while (wanted.ContainsKey(part.Element) && !placed.Contains(part.Element) && next.MoveNext())
            {
                Place(next.Current);
            }

            if (!wanted.ContainsKey(part.Element))
            {
                merged.Add(part.Value.DeepClone());
            }
        }

        while (next.MoveNext())
        {
            Place(next.Current);
        }

        return merged;

        void Place(FieldPart item)
        {
            placed.Add(item.Element);
            merged.Add(Merge(before.TryGetValue(item.Element, out var same) ? same.Value : null, item.Value, item.Type));
        }
    }

    private static void Collect(JsonNode value, FieldType type, FieldSet set, List<PathElement> path)
    {
        if (type.IsLeaf(value))
        {
            set.Insert(path);
            return;
        }

        var seen = new HashSet<PathElement>();
        foreach (var part in type.Parts(value))
        {
            if (part.Value is JsonObject item && type.MissingKeys(item).FirstOrDefault() is { } missing)
            {
                throw new ApplyException(
                    $"{Text(path)}: element {seen.Count}: associative list with keys has an element that omits key field \"{missing}\" (and doesn't have default value)");
            }

            if (!seen.Add(part.Element))
            {
                throw new ApplyException($"{Text(path)}: duplicate entries for key {part.Element}");
            }

            path.Add(part.Element);
            Collect(part.Value, part.Type, set, path);
            if (type.Topology != FieldTopology.Struct || part.Value is JsonObject { Count: 0 })
            {
                set.Insert(path);
            }

            path.RemoveAt(path.Count - 1);
        }
    }

    private static string Text(IEnumerable<PathElement> path) => string.Concat(path);
}
