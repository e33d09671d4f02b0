using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Store;

/// <summary>
/// One version of an object as it is served: its JSON with the resourceVersion in place, and the metadata that selectors need.
/// Immutable; the document inside is a private copy at every <see cref="Document"/>.
/// </summary>
internal sealed class StoredObject
{
    private static readonly Dictionary<string, string> EmptyLabels = [];

    private IReadOnlyDictionary<string, string>? _fields;

    private StoredObject(string key, Revision created, Revision modified, ReadOnlyMemory<byte> value, byte[] json)
    {
        Key = key;
        Created = created;
        Modified = modified;
        Value = value;
        Json = json;
    }

    /// <summary>Where it lies, /registry/pods/NAMESPACE/NAME for example.</summary>
    public string Key { get; }

    public Revision Created { get; }

    public Revision Modified { get; }

    /// <summary>What was written: the JSON without resourceVersion.</summary>
    public ReadOnlyMemory<byte> Value { get; }

    /// <summary>What is served: the JSON with resourceVersion.</summary>
    public ReadOnlyMemory<byte> Json { get; }

    public string Name { get; private set; } = "";

    public string Namespace { get; private set; } = "";

    public IReadOnlyDictionary<string, string> Labels { get; private set; } = EmptyLabels;

    /// <summary>A fresh document the caller may change.</summary>
    public JsonObject Document() => ObjectJson.Decode(Json.Span);

    /// <summary>The value of a field label. The others are read with the first one and kept: many watchers ask.</summary>
    public string FieldValue(ResourceDescriptor descriptor, string label) => label switch
    {
        "metadata.name" => Name,
        "metadata.namespace" => Namespace,
        _ => (_fields ??= ReadFields(descriptor))[label],
    };

    /// <summary>The same content under another revision: what a DELETED event shows.</summary>
    public StoredObject At(Revision revision) => Create(Key, Created, revision, Value);

    /// <summary>A key to search ordered sets with.</summary>
    public static StoredObject Probe(string key) => new(key, Revision.None, Revision.None, default, []);

    /// <param name="key">Where it lies.</param>
    /// <param name="created">Revision of its first version.</param>
    /// <param name="modified">Revision of this version.</param>
    /// <param name="value">JSON of an object with a non-empty metadata object that has no resourceVersion.</param>
    /// <exception cref="InvalidDataException">The value is something else.</exception>
    public static StoredObject Create(string key, Revision created, Revision modified, ReadOnlyMemory<byte> value)
    {
        var name = "";
        var ns = "";
        Dictionary<string, string>? labels = null;
        var metadataStart = -1;
        var reader = new Utf8JsonReader(value.Span);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!reader.ValueTextEquals("metadata"u8))
            {
                reader.Skip();
                continue;
            }

            reader.Read();
            metadataStart = (int)reader.BytesConsumed;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("name"u8))
                {
                    reader.Read();
                    name = reader.GetString()!;
                }
                else if (reader.ValueTextEquals("namespace"u8))
                {
                    reader.Read();
                    ns = reader.GetString()!;
                }
                else if (reader.ValueTextEquals("labels"u8))
                {
                    reader.Read();
                    labels = ReadLabels(ref reader);
                }
                else
                {
                    reader.Skip();
                }
            }

            break;
        }

        if (metadataStart < 0 || name.Length == 0)
        {
            throw new InvalidDataException($"{key}: stored value has no metadata.name");
        }

        return new StoredObject(key, created, modified, value, Splice(value.Span, metadataStart, modified))
        {
            Name = name,
            Namespace = ns,
            Labels = labels ?? EmptyLabels,
        };
    }

    private Dictionary<string, string> ReadFields(ResourceDescriptor descriptor)
    {
        var document = Document();
        return descriptor.FieldLabels.ToDictionary(label => label, label => descriptor.FieldValue(document, label), StringComparer.Ordinal);
    }

    // Revision 0 is an object that was not stored (a dry run): it has no resourceVersion.
    private static byte[] Splice(ReadOnlySpan<byte> value, int at, Revision revision)
    {
        if (revision == Revision.None)
        {
            return value.ToArray();
        }

        var field = Encoding.UTF8.GetBytes($"\"resourceVersion\":\"{revision}\",");
        var json = new byte[value.Length + field.Length];
        value[..at].CopyTo(json);
        field.CopyTo(json, at);
        value[at..].CopyTo(json.AsSpan(at + field.Length));
        return json;
    }

    private static Dictionary<string, string> ReadLabels(ref Utf8JsonReader reader)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            labels[key] = reader.GetString() ?? "";
        }

        return labels;
    }
}
