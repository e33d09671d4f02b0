using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.Machinery.Patching;

/// <summary>
/// Kubernetes' own merge: like a JSON merge patch, but lists whose items have a merge key are merged item by item, and
/// directives ($patch, $deleteFromPrimitiveList, $setElementOrder, $retainKeys) say what a plain merge cannot.
/// Source: the design of strategic merge patch in the Kubernetes community repository.
/// </summary>
internal static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string DeleteFromPrimitiveList = "$deleteFromPrimitiveList/";
    private const string SetElementOrder = "$setElementOrder/";
    private const string RetainKeys = "$retainKeys";

    /// <param name="target">The current object; it is changed.</param>
    /// <param name="patch">The patch.</param>
    /// <param name="type">The object's type: merge keys come from it. Null below fields the type does not know.</param>
    /// <exception cref="PatchException">A directive that makes no sense, a list item without its merge key.</exception>
    public static JsonObject Apply(JsonObject target, JsonObject patch, TypeSchema? type)
    {
        switch (patch.Text(Directive))
        {
            case "replace":
                return Without(patch, Directive);
            case "delete":
                return [];
            case null or "merge":
                break;
            case var other:
                throw new PatchException($"unable to find directive {Directive}={other}: invalid patch type");
        }

        KeepOnly(target, patch);
        foreach (var (name, value) in patch)
        {
            if (name is Directive or RetainKeys || name.StartsWith(SetElementOrder, StringComparison.Ordinal))
            {
                continue;
            }

            if (name.StartsWith(DeleteFromPrimitiveList, StringComparison.Ordinal))
            {
                DeletePrimitives(target, name[DeleteFromPrimitiveList.Length..], value);
                continue;
            }

            MergeField(target, name, value, type?.Field(name), patch);
        }

        OrderOnly(target, patch, type);
        return target;
    }

    private static void MergeField(JsonObject target, string name, JsonNode? value, FieldSchema? field, JsonObject patch)
    {
        switch (value)
        {
            case null:
                target.Remove(name);
                break;
            case JsonObject child:
                var childType = field is { Kind: FieldKind.Message, Shape: FieldShape.Single } ? field.Message : null;
                var merged = Apply(target[name] is JsonObject existing ? (JsonObject)existing.DeepClone() : [], child, childType);
                if (child.Text(Directive) == "delete")
                {
                    target.Remove(name);
                }
                else
                {
                    target[name] = merged;
                }

                break;
            case JsonArray items when field is { Merge: true, Shape: FieldShape.List }:
                var list = target[name] is JsonArray current ? (JsonArray)current.DeepClone() : [];
                list = field.MergeKey is { } key ? MergeByKey(list, items, key, field) : MergePrimitives(list, items);
                target[name] = Ordered(list, patch[SetElementOrder + name] as JsonArray, field.MergeKey);
                break;
            default:
                target[name] = value.DeepClone();
                break;
        }
    }

    private static JsonArray MergeByKey(JsonArray list, JsonArray items, string key, FieldSchema field)
    {
        if (items.OfType<JsonObject>().Any(item => item.Text(Directive) == "replace"))
        {
            return new JsonArray([.. items.OfType<JsonObject>().Where(item => item.Text(Directive) != "replace").Select(item => item.DeepClone())]);
        }

        foreach (var node in items)
        {
            if (node is not JsonObject item)
            {
                throw new PatchException($"list {field.Name} is merged by {key}: its items must be objects");
            }

            if (!item.TryGetPropertyValue(key, out var keyValue) || keyValue is null)
            {
                throw new PatchException($"map: {item.ToJsonString()} does not contain declared merge key: {key}");
            }

            var index = IndexOf(list, key, keyValue);
            if (item.Text(Directive) == "delete")
            {
                for (; index >= 0; index = IndexOf(list, key, keyValue))
                {
                    list.RemoveAt(index);
                }
            }
            else if (index >= 0)
            {
                list[index] = Apply((JsonObject)list[index]!.DeepClone(), item, field.Kind == FieldKind.Message ? field.Message : null);
            }
            else
            {
                list.Add(Apply([], item, field.Kind == FieldKind.Message ? field.Message : null));
            }
        }

        return list;
    }

    private static JsonArray MergePrimitives(JsonArray list, JsonArray items)
    {
        foreach (var item in items)
        {
            if (!list.Any(existing => JsonNode.DeepEquals(existing, item)))
            {
                list.Add(item?.DeepClone());
            }
        }

        return list;
    }

    private static void DeletePrimitives(JsonObject target, string name, JsonNode? values)
    {
        if (target[name] is not JsonArray list || values is not JsonArray gone)
        {
            return;
        }

        target[name] = new JsonArray([.. list.Where(item => !gone.Any(value => JsonNode.DeepEquals(value, item))).Select(item => item?.DeepClone())]);
    }

    /// <summary>An order without changes to the list itself: kubectl sends it when only an item was moved.</summary>
    private static void OrderOnly(JsonObject target, JsonObject patch, TypeSchema? type)
    {
        foreach (var (directive, order) in patch)
        {
            if (!directive.StartsWith(SetElementOrder, StringComparison.Ordinal) || patch.ContainsKey(directive[SetElementOrder.Length..]))
            {
                continue;
            }

            var name = directive[SetElementOrder.Length..];
            if (target[name] is JsonArray list && order is JsonArray wanted)
            {
                target[name] = Ordered((JsonArray)list.DeepClone(), wanted, type?.Field(name)?.MergeKey);
            }
        }
    }

    /// <summary>
    /// Items the order names come in its sequence; the others keep their place after the item that preceded them.
    /// </summary>
    private static JsonArray Ordered(JsonArray list, JsonArray? order, string? key)
    {
        if (order is null)
        {
            return list;
        }

        int Rank(JsonNode? item)
        {
            for (var i = 0; i < order.Count; i++)
            {
                var same = key is null
                    ? JsonNode.DeepEquals(order[i], item)
                    : order[i] is JsonObject named && item is JsonObject obj && JsonNode.DeepEquals(named[key], obj[key]);
                if (same)
                {
                    return i;
                }
            }

            return -1;
        }

        var result = new List<JsonNode?>();
        var ranked = list.Select(item => (Item: item, Rank: Rank(item))).ToList();
        result.AddRange(ranked.Where(item => item.Rank >= 0).OrderBy(item => item.Rank).Select(item => item.Item));
        for (var i = 0; i < ranked.Count; i++)
        {
            if (ranked[i].Rank < 0)
            {
                var before = i == 0 ? -1 : result.IndexOf(ranked[i - 1].Item);
                result.Insert(before + 1, ranked[i].Item);
            }
        }

        return new JsonArray([.. result.Select(item => item?.DeepClone())]);
    }

    private static void KeepOnly(JsonObject target, JsonObject patch)
    {
        if (patch[RetainKeys] is not JsonArray retained)
        {
            return;
        }

        var keep = retained.Select(item => item?.ToString()).ToHashSet(StringComparer.Ordinal);
        foreach (var name in target.Select(field => field.Key).Where(name => !keep.Contains(name)).ToArray())
        {
            target.Remove(name);
        }
    }

    private static int IndexOf(JsonArray list, string key, JsonNode value)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is JsonObject item && JsonNode.DeepEquals(item[key], value))
            {
                return i;
            }
        }

        return -1;
    }

    private static JsonObject Without(JsonObject patch, string name)
    {
        var copy = (JsonObject)patch.DeepClone();
        copy.Remove(name);
        return copy;
    }
}
