using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Machinery.FieldOwnership;

/// <summary>
/// One step of a field's path: a field or map key ("f:"), an item of a keyed list by its keys ("k:"), an item of a set by its
/// value ("v:").
/// </summary>
/// <param name="Encoded">As fieldsV1 writes it.</param>
internal readonly record struct PathElement(string Encoded)
{
    /// <summary>Names that are kept: more than all types have fields, but clients' map keys must not grow it for ever.</summary>
    private const int MostNames = 10_000;

    private static readonly ConcurrentDictionary<string, string> Names = new(StringComparer.Ordinal);

    /// <summary>'f', 'k' or 'v'.</summary>
    public char Kind => Encoded[0];

    /// <summary>The name, or JSON without white space.</summary>
    public string Text => Encoded[2..];

    public static PathElement Field(string name)
    {
        if (!Names.TryGetValue(name, out var encoded))
        {
            encoded = "f:" + name;
            if (Names.Count < MostNames)
            {
                Names.TryAdd(name, encoded);
            }
        }

        return new PathElement(encoded);
    }

    public static PathElement Value(JsonNode? value) => new("v:" + ObjectJson.Text(ObjectJson.Encode(value ?? JsonValue.Create(""))));

    /// <param name="keys">Already in the order of their names.</param>
    public static PathElement Item(JsonObject keys) => new("k:" + ObjectJson.Text(ObjectJson.Encode(keys)));

    /// <param name="encoded">A name in fieldsV1 other than ".".</param>
    /// <returns>Null for anything unknown, which includes "i:", an index, that no list of Kubernetes uses.</returns>
    public static PathElement? Decode(string encoded) =>
        encoded is ['f' or 'k' or 'v', ':', ..] ? new PathElement(encoded) : null;

    /// <summary>As messages write it: .name, [name="x",port=80], [="x"].</summary>
    public override string ToString() => Kind switch
    {
        'f' => "." + Text,
        'v' => $"[={Text}]",
        _ => $"[{string.Join(",", Keys().Select(key => $"{key.Key}={key.Value?.ToJsonString()}"))}]",
    };

    private JsonObject Keys()
    {
        try
        {
            return ClientJson.Parse(JsonBytes.Clean(Encoding.UTF8.GetBytes(Text))) as JsonObject ?? [];
        }
        catch (JsonException)
        {
            // A client may have written any managedFields: the path is then less clear, the answer is not an error.
            return [];
        }
    }
}
