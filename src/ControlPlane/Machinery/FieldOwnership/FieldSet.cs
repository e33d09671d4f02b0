using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Machinery.FieldOwnership;

/// <summary>
/// A set of paths as a tree. A node is in the set itself when <see cref="IsMember"/>; what is below it is a matter of its own.
/// Operations make new sets, which share nodes with the old ones. Source: structured-merge-diff's fieldpath package, fieldsV1
/// is its JSON.
/// </summary>
internal sealed class FieldSet
{
    private const string Self = ".";
    private static readonly FieldSet Nothing = new();

    // In the order fieldsV1 is written: by kind, then by text, byte by byte.
    private readonly List<KeyValuePair<PathElement, FieldSet>> _children;

    public FieldSet() => _children = [];

    private FieldSet(bool isMember, int children)
    {
        IsMember = isMember;
        _children = new List<KeyValuePair<PathElement, FieldSet>>(children);
    }

    public bool IsMember { get; private set; }

    public bool IsEmpty => !IsMember && _children.Count == 0;

    public IReadOnlyList<KeyValuePair<PathElement, FieldSet>> Children => _children;

    /// <summary>What the set holds below an element; an empty set when nothing.</summary>
    public FieldSet Below(PathElement element) => Find(element) is var at and >= 0 ? _children[at].Value : Nothing;

    /// <summary>Adds one path to this very set: only while it is being built.</summary>
    public void Insert(IReadOnlyList<PathElement> path)
    {
        var node = this;
        for (var i = 0; i < path.Count; i++)
        {
            var at = node.Find(path[i]);
            if (at < 0)
            {
                at = ~at;
                node._children.Insert(at, new(path[i], new FieldSet()));
            }

            node = node._children[at].Value;
        }

        node.IsMember = true;
    }

    public FieldSet Union(FieldSet other) => other.IsEmpty ? this : IsEmpty ? other : Combine(this, other, Operation.Union);

    public FieldSet Intersect(FieldSet other) => IsEmpty || other.IsEmpty ? Nothing : Combine(this, other, Operation.Intersection);

    public FieldSet Except(FieldSet other) => IsEmpty || other.IsEmpty ? this : Combine(this, other, Operation.Difference);

    /// <summary>The same with every field that leads to a member as a member too: whoever owns a leaf holds its structs.</summary>
    public FieldSet WithNamedParents()
    {
        var result = new FieldSet(IsMember, _children.Count);
        foreach (var (element, child) in _children)
        {
            var copy = child.WithNamedParents();
            copy.IsMember |= element.Kind == 'f';
            result._children.Add(new(element, copy));
        }

        return result;
    }

    /// <summary>All members, parents before their children.</summary>
    public IEnumerable<IReadOnlyList<PathElement>> Paths() => Paths([]);

    public bool SetEquals(FieldSet other)
    {
        if (ReferenceEquals(this, other))
        {
            return true;
        }

        if (IsMember != other.IsMember || _children.Count != other._children.Count)
        {
            return false;
        }

        for (var i = 0; i < _children.Count; i++)
        {
            if (_children[i].Key != other._children[i].Key || !_children[i].Value.SetEquals(other._children[i].Value))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>fieldsV1. A leaf is {}; "." marks a node that is a member and has children.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject();
        if (IsMember && _children.Count > 0)
        {
            json[Self] = new JsonObject();
        }

        foreach (var (element, child) in _children)
        {
            json[element.Encoded] = child.ToJson();
        }

        return json;
    }

    /// <returns>Null when the JSON is no fieldsV1.</returns>
    public static FieldSet? FromJson(JsonObject json)
    {
        var set = new FieldSet(isMember: false, json.Count);
        foreach (var (name, value) in json)
        {
            if (name == Self)
            {
                set.IsMember = true;
                continue;
            }

            if (PathElement.Decode(name) is not { } element || value is not JsonObject below || FromJson(below) is not { } child)
            {
                return null;
            }

            child.IsMember |= below.Count == 0;
            var at = set.Find(element);
            set._children.Insert(~at, new(element, child));
        }

        return set;
    }

    /// <summary>Whether fieldsV1 has every member of this set.</summary>
    public bool IsWithin(JsonObject json)
    {
        if (IsMember && !Holds(json))
        {
            return false;
        }

        foreach (var (element, child) in _children)
        {
            if (json[element.Encoded] is not JsonObject below || !child.IsWithin(below))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether fieldsV1 has any member of this set.</summary>
    public bool Meets(JsonObject json)
    {
        if (IsMember && Holds(json))
        {
            return true;
        }

        foreach (var (element, child) in _children)
        {
            if (json[element.Encoded] is JsonObject below && child.Meets(below))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Holds(JsonObject json) => json.Count == 0 || json.ContainsKey(Self);

    private IEnumerable<IReadOnlyList<PathElement>> Paths(List<PathElement> prefix)
    {
        if (IsMember)
        {
            yield return prefix.ToArray();
        }

        foreach (var (element, child) in _children)
        {
            prefix.Add(element);
            foreach (var path in child.Paths(prefix))
            {
                yield return path;
            }

            prefix.RemoveAt(prefix.Count - 1);
        }
    }

    private int Find(PathElement element)
    {
        var (low, high) = (0, _children.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = string.CompareOrdinal(_children[middle].Key.Encoded, element.Encoded);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }

    private static FieldSet Combine(FieldSet left, FieldSet right, Operation operation)
    {
        var result = new FieldSet(Keeps(left.IsMember, right.IsMember, operation), left._children.Count);
        var (i, j) = (0, 0);
        while (i < left._children.Count || j < right._children.Count)
        {
            var order = i == left._children.Count ? 1
                : j == right._children.Count ? -1
                : string.CompareOrdinal(left._children[i].Key.Encoded, right._children[j].Key.Encoded);
            var (element, before) = order <= 0 ? left._children[i++] : new(right._children[j].Key, Nothing);
            var other = order >= 0 ? right._children[j++].Value : Nothing;
            var child = operation switch
            {
                Operation.Union => before.Union(other),
                Operation.Intersection => before.Intersect(other),
                _ => before.Except(other),
            };
            if (!child.IsEmpty)
            {
                result._children.Add(new(element, child));
            }
        }

        return result;
    }

    private static bool Keeps(bool left, bool right, Operation operation) => operation switch
    {
        Operation.Union => left || right,
        Operation.Intersection => left && right,
        _ => left && !right,
    };

    private enum Operation
    {
        Union,
        Intersection,
        Difference,
    }
}
