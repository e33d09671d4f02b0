using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Machinery.FieldOwnership;

/// <summary>
/// A set of paths as a tree. A node is in the set itself when <see cref="IsMember"/>; what is below it is a matter of its own.
/// Operations make new sets. Source: structured-merge-diff's fieldpath package, fieldsV1 is its JSON.
/// </summary>
internal sealed class FieldSet
{
    private const string Self = ".";
    private static readonly FieldSet Nothing = new();

    // In the order fieldsV1 is written: by kind, then by text, byte by byte.
    private readonly SortedDictionary<PathElement, FieldSet> _children = new(ElementOrder.Instance);

    public bool IsMember { get; private set; }

    public bool IsEmpty => !IsMember && _children.Count == 0;

    public IEnumerable<KeyValuePair<PathElement, FieldSet>> Children => _children;

    /// <summary>What the set holds below an element; an empty set when nothing.</summary>
    public FieldSet Below(PathElement element) => _children.GetValueOrDefault(element, Nothing);

    /// <summary>Adds one path to this very set: only while it is being built.</summary>
    public void Insert(IEnumerable<PathElement> path)
    {
        var node = this;
        foreach (var element in path)
        {
            if (!node._children.TryGetValue(element, out var child))
            {
                node._children[element] = child = new FieldSet();
            }

            node = child;
        }

        node.IsMember = true;
    }

    public FieldSet Union(FieldSet other) => Combine(this, other, (left, right) => left || right);

    public FieldSet Intersect(FieldSet other) => Combine(this, other, (left, right) => left && right);

    public FieldSet Except(FieldSet other) => Combine(this, other, (left, right) => left && !right);

    /// <summary>The set without a path; what is below the path stays.</summary>
    public FieldSet Without(params ReadOnlySpan<string> names)
    {
        var gone = new FieldSet();
        var path = new List<PathElement>();
        foreach (var name in names)
        {
            path.Add(PathElement.Field(name));
        }

        gone.Insert(path);
        return Except(gone);
    }

    /// <summary>The same with every field that leads to a member as a member too: whoever owns a leaf holds its structs.</summary>
    public FieldSet WithNamedParents()
    {
        var result = new FieldSet { IsMember = IsMember };
        foreach (var (element, child) in _children)
        {
            var copy = child.WithNamedParents();
            copy.IsMember |= element.Kind == 'f';
            result._children[element] = copy;
        }

        return result;
    }

    /// <summary>All members, parents before their children.</summary>
    public IEnumerable<IReadOnlyList<PathElement>> Paths() => Paths([]);

    public bool SetEquals(FieldSet other) =>
        IsMember == other.IsMember
        && _children.Count == other._children.Count
        && _children.All(child => other._children.TryGetValue(child.Key, out var same) && child.Value.SetEquals(same));

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
            json[element.Encode()] = child.ToJson();
        }

        return json;
    }

    /// <returns>Null when the JSON is no fieldsV1.</returns>
    public static FieldSet? FromJson(JsonObject json)
    {
        var set = new FieldSet();
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
            set._children[element] = child;
        }

        return set;
    }

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

    private static FieldSet Combine(FieldSet left, FieldSet right, Func<bool, bool, bool> member)
    {
        var result = new FieldSet { IsMember = member(left.IsMember, right.IsMember) };
        foreach (var element in left._children.Keys.Union(right._children.Keys))
        {
            var child = Combine(left.Below(element), right.Below(element), member);
            if (!child.IsEmpty)
            {
                result._children[element] = child;
            }
        }

        return result;
    }

    private sealed class ElementOrder : IComparer<PathElement>
    {
        public static readonly ElementOrder Instance = new();

        public int Compare(PathElement x, PathElement y) => x.Kind != y.Kind ? x.Kind.CompareTo(y.Kind) : string.CompareOrdinal(x.Text, y.Text);
    }
}
