using System.Globalization;
using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Machinery.Patching;

/// <summary>RFC 6901: a place in a document.</summary>
internal readonly struct JsonPointer
{
    private readonly string[] _segments;

    private JsonPointer(string[] segments) => _segments = segments;

    public int Length => _segments.Length;

    /// <exception cref="PatchException">It does not begin with a slash.</exception>
    public static JsonPointer Parse(string text)
    {
        if (text.Length == 0)
        {
            return new JsonPointer([]);
        }

        return text[0] == '/'
            ? new JsonPointer([.. text[1..].Split('/').Select(part => part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))])
            : throw new PatchException($"JSON pointer \"{text}\" does not begin with /");
    }

    public override string ToString() => string.Concat(_segments.Select(part => "/" + part));

    public JsonNode? Get(JsonNode? root)
    {
        var node = root;
        for (var i = 0; i < _segments.Length; i++)
        {
            node = Child(node, _segments[i]);
        }

        return node;
    }

    /// <returns>The root, which is the value itself when this points at the whole document.</returns>
    public JsonNode? Add(JsonNode? root, JsonNode? value)
    {
        if (_segments.Length == 0)
        {
            return value;
        }

        var last = _segments[^1];
        switch (Parent(root))
        {
            case JsonObject obj:
                obj[last] = value;
                break;
            case JsonArray array when last == "-":
                array.Add(value);
                break;
            case JsonArray array:
                array.Insert(Index(last, array.Count), value);
                break;
            default:
                throw Missing();
        }

        return root;
    }

    public JsonNode? Remove(JsonNode? root)
    {
        if (_segments.Length == 0)
        {
            return null;
        }

        var last = _segments[^1];
        switch (Parent(root))
        {
            case JsonObject obj when obj.Remove(last):
                break;
            case JsonArray array:
                array.RemoveAt(Index(last, array.Count - 1));
                break;
            default:
                throw Missing();
        }

        return root;
    }

    private JsonNode? Parent(JsonNode? root) => new JsonPointer(_segments[..^1]).Get(root);

    private JsonNode? Child(JsonNode? node, string segment) => node switch
    {
        JsonObject obj when obj.TryGetPropertyValue(segment, out var value) => value,
        JsonArray array => array[Index(segment, array.Count - 1)],
        _ => throw Missing(),
    };

    private int Index(string segment, int max) =>
        int.TryParse(segment, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index <= max && (segment.Length == 1 || segment[0] != '0')
            ? index
            : throw Missing();

    private PatchException Missing() => new($"the path \"{this}\" is missing from the object");
}
