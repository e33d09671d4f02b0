using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Store;

/// <summary>
/// One version of an object as it is served: its JSON with the resourceVersion in place. What is stored is the same without
/// it, so that there is one copy of the bytes. Immutable; the document inside is a private copy at every <see cref="Document"/>.
/// </summary>
internal sealed class StoredObject
{
    private static readonly Dictionary<string, string> EmptyLabels = [];

    /// <summary>Versions that lie between one that is whole and the farthest one that is told by differences.</summary>
    private const int LongestChain = 8;

    private readonly int _length;
    private readonly int _versionAt;
    private readonly int _versionLength;

    /// <summary>The JSON, or the <see cref="VersionDelta"/> to a later version or to what objects of its kind have in common.</summary>
    private object _form;

    /// <summary>How many earlier versions are told by their differences to this one, or to one of those.</summary>
    private int _chain;

    private IReadOnlyDictionary<string, string>? _labels;
    private IReadOnlyDictionary<string, string>? _fields;

    private StoredObject(string key, Revision created, Revision modified, byte[] json, int versionAt, int versionLength)
    {
        Key = key;
        Created = created;
        Modified = modified;
        _form = json;
        _length = json.Length;
        _versionAt = versionAt;
        _versionLength = versionLength;
    }

    /// <summary>Where it lies, /registry/pods/NAMESPACE/NAME for example.</summary>
    public string Key { get; }

    public Revision Created { get; }

    public Revision Modified { get; }

    /// <summary>
    /// What is served: the JSON with resourceVersion. It may be made anew with every call; who reads many objects takes a <see cref="JsonScratch"/>.
    /// </summary>
    public ReadOnlyMemory<byte> Json => Bytes;

    /// <summary>Length of <see cref="Json"/>.</summary>
    public int JsonLength => _length;

    /// <summary>Length of the object's message in protobuf, once somebody has counted it; 0 before. Of the same bytes everybody counts the same.</summary>
    public int ProtobufLength { get; set; }

    /// <summary>Bytes that the content takes at present.</summary>
    public int Footprint => _form is VersionDelta delta ? delta.Size : _length;

    /// <summary>Whether the bytes are there as they are served.</summary>
    public bool IsWhole => _form is byte[];

    private byte[] Bytes => _form is byte[] whole ? whole : ((VersionDelta)_form).Restore();

    public string Name { get; private init; } = "";

    public string Namespace { get; private init; } = "";

    /// <summary>Read with the first use and kept: of most versions nobody asks for them.</summary>
    public IReadOnlyDictionary<string, string> Labels => _labels ??= ReadLabels();

    /// <summary>Length of what is stored: the JSON without resourceVersion.</summary>
    public int ValueLength => _length - _versionLength;

    /// <summary>A fresh document the caller may change.</summary>
    public JsonObject Document() => JsonObject.Create(Parse())!;

    /// <summary>The document to read; any number of documents to change can be made of it.</summary>
    public JsonElement Parse()
    {
        if (_form is byte[] whole)
        {
            return ObjectJson.Parse(whole);
        }

        using var scratch = new JsonScratch();
        return ObjectJson.Parse(scratch.Of(this).Span);
    }

    /// <summary>The value of a field label. The others are read with the first one and kept: many watchers ask.</summary>
    public string FieldValue(ResourceDescriptor descriptor, string label) => label switch
    {
        "metadata.name" => Name,
        "metadata.namespace" => Namespace,
        _ when _fields is { } known && known.TryGetValue(label, out var value) => value,

        // Another version of the resource may have been asked for before.
        _ => (_fields = ReadFields(descriptor))[label],
    };

    /// <summary>The same content under another revision: what a DELETED event shows.</summary>
    public StoredObject At(Revision revision) => Create(Key, Created, revision, CopyValue(), this);

    /// <summary>What is stored.</summary>
    public byte[] CopyValue()
    {
        var value = new byte[ValueLength];
        CopyValueTo(value);
        return value;
    }

    /// <summary>Writes what is stored: <see cref="ValueLength"/> bytes.</summary>
    public void CopyValueTo(Span<byte> destination)
    {
        var json = Bytes.AsSpan();
        json[.._versionAt].CopyTo(destination);
        json[(_versionAt + _versionLength)..].CopyTo(destination[_versionAt..]);
    }

    /// <summary>Whether what is stored is this.</summary>
    public bool HasValue(ReadOnlySpan<byte> value)
    {
        if (value.Length != ValueLength)
        {
            return false;
        }

        if (_form is byte[] whole)
        {
            return HasValue(whole, value);
        }

        using var scratch = new JsonScratch();
        return HasValue(scratch.Of(this).Span, value);
    }

    private bool HasValue(ReadOnlySpan<byte> json, ReadOnlySpan<byte> value) =>
        value[.._versionAt].SequenceEqual(json[.._versionAt]) && value[_versionAt..].SequenceEqual(json[(_versionAt + _versionLength)..]);

    /// <summary>
    /// From now on this version is told by its differences to the one that took its place, where these are small. For one caller
    /// at a time; readers do not notice.
    /// </summary>
    public void Shrink(StoredObject later)
    {
        if (_chain < LongestChain && _form is byte[] whole && VersionDelta.Between(whole, later.Json.Span, later) is { } delta)
        {
            later._chain = _chain + 1;
            _form = delta;
        }
    }

    /// <summary>From now on this version is told by its differences to a form, if these are small. As <see cref="Shrink"/>.</summary>
    public bool TellBy(byte[] form)
    {
        if (_form is byte[] whole && VersionDelta.Between(whole, form, form) is { } delta)
        {
            _form = delta;
        }

        return _form is VersionDelta;
    }

    /// <summary>The bytes of this version, for others to be told by. It is itself from now on: when it is superseded, the bytes may be needed still.</summary>
    public byte[] BecomeForm()
    {
        var form = Bytes;
        TellBy(form);
        return form;
    }

    /// <summary>Writes <see cref="Json"/>: <see cref="JsonLength"/> bytes.</summary>
    public void CopyJsonTo(Span<byte> destination)
    {
        if (_form is byte[] whole)
        {
            whole.CopyTo(destination);
        }
        else
        {
            ((VersionDelta)_form).RestoreTo(destination[.._length]);
        }
    }

    /// <summary>A key to search ordered sets with.</summary>
    public static StoredObject Probe(string key) => new(key, Revision.None, Revision.None, [], 0, 0);

    /// <param name="key">Where it lies.</param>
    /// <param name="created">Revision of its first version.</param>
    /// <param name="modified">Revision of this version.</param>
    /// <param name="value">JSON of an object with a non-empty metadata object that has no resourceVersion. Copied.</param>
    /// <param name="previous">Another version of the same key, which has the same name.</param>
    /// <exception cref="InvalidDataException">The value is something else.</exception>
    public static StoredObject Create(string key, Revision created, Revision modified, ReadOnlySpan<byte> value, StoredObject? previous = null)
    {
        var reader = new Utf8JsonReader(value);
        if (!EnterMetadata(ref reader))
        {
            throw Nameless(key);
        }

        var at = (int)reader.BytesConsumed;
        var (name, ns) = previous is null ? ReadName(ref reader) : (previous.Name, previous.Namespace);
        if (name.Length == 0)
        {
            throw Nameless(key);
        }

        var (json, length) = Splice(value, at, modified);
        return new StoredObject(key, created, modified, json, at, length) { Name = name, Namespace = ns };
    }

    /// <summary>Goes to the beginning of the metadata object.</summary>
    private static bool EnterMetadata(ref Utf8JsonReader reader)
    {
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("metadata"u8))
            {
                return reader.Read() && reader.TokenType == JsonTokenType.StartObject;
            }

            reader.Skip();
        }

        return false;
    }

    private static (string Name, string Namespace) ReadName(ref Utf8JsonReader reader)
    {
        var (name, ns) = ("", "");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isName = reader.ValueTextEquals("name"u8);
            var isNamespace = !isName && reader.ValueTextEquals("namespace"u8);
            reader.Read();
            if (isName)
            {
                name = reader.GetString()!;
            }
            else if (isNamespace)
            {
                // Few namespaces, many objects.
                ns = string.Intern(reader.GetString()!);
            }
            else
            {
                reader.Skip();
            }
        }

        return (name, ns);
    }

    private Dictionary<string, string> ReadLabels()
    {
        var reader = new Utf8JsonReader(Bytes);
        EnterMetadata(ref reader);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals("labels"u8);
            reader.Read();
            if (!found)
            {
                reader.Skip();
                continue;
            }

            var labels = new Dictionary<string, string>(StringComparer.Ordinal);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var key = reader.GetString()!;
                reader.Read();
                labels[key] = reader.GetString() ?? "";
            }

            return labels;
        }

        return EmptyLabels;
    }

    private Dictionary<string, string> ReadFields(ResourceDescriptor descriptor)
    {
        var document = Document();
        return descriptor.FieldLabels.ToDictionary(label => label, label => descriptor.FieldValue(document, label), StringComparer.Ordinal);
    }

    // Revision 0 is an object that was not stored (a dry run): it has no resourceVersion.
    private static (byte[] Json, int Length) Splice(ReadOnlySpan<byte> value, int at, Revision revision)
    {
        if (revision == Revision.None)
        {
            return (value.ToArray(), 0);
        }

        Span<byte> field = stackalloc byte[48];
        System.Text.Unicode.Utf8.TryWrite(field, $"\"resourceVersion\":\"{revision.Value}\",", out var length);
        var json = GC.AllocateUninitializedArray<byte>(value.Length + length);
        value[..at].CopyTo(json);
        field[..length].CopyTo(json.AsSpan(at));
        value[at..].CopyTo(json.AsSpan(at + length));
        return (json, length);
    }

    private static InvalidDataException Nameless(string key) => new($"{key}: stored value has no metadata.name");
}
