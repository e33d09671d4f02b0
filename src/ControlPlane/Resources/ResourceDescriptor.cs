using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.FieldOwnership;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Machinery.Schema;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Security;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Resources;

/// <summary>
/// Everything the registry needs to know of one kind: its names, its table, its defaults, what a write may change and what is
/// wrong with an object. The registry itself knows no kind.
/// </summary>
internal abstract class ResourceDescriptor
{
    private readonly ConditionalWeakTable<StoredObject, StoredObject> _presented = [];

    public abstract ResourceNames Names { get; }

    /// <summary>Type of the schema tables.</summary>
    public abstract string SchemaName { get; }

    public TypeSchema Schema => SchemaTable.Kubernetes.Type(SchemaName);

    /// <summary>Defined by a client: no protobuf, no strategic merge, a schema of its own.</summary>
    public virtual bool IsCustom => false;

    /// <summary>Ends when the resource is no longer served; watches of it end then too.</summary>
    public virtual CancellationToken Withdrawn => CancellationToken.None;

    /// <summary>What server-side apply tells apart in objects.</summary>
    public virtual FieldType Ownership => FieldType.Of(Schema);

    /// <summary>The apiVersion objects are stored under.</summary>
    public virtual string StoredApiVersion => Names.ApiVersion;

    /// <summary>An object in the version it is stored in.</summary>
    public virtual JsonObject ToStored(JsonObject obj) => obj;

    /// <summary>What every request of a version about to go is told.</summary>
    public virtual string? DeprecationWarning => null;

    /// <summary>Where objects lie in the store; etcd's layout, so that a copied store reads the same.</summary>
    public virtual string StoragePrefix => $"/registry/{Names.Plural}/";

    public abstract IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>One cell for each column.</summary>
    public abstract JsonArray Cells(JsonObject obj, DateTimeOffset now);

    /// <summary>A status subresource exists, and writes to the main resource leave status alone.</summary>
    public virtual bool HasStatus => false;

    /// <summary>metadata.generation counts changes of the spec.</summary>
    public virtual bool TracksGeneration => false;

    /// <summary>A scale subresource over spec.replicas.</summary>
    public virtual bool HasScale => false;

    /// <summary>A question that is answered, never stored.</summary>
    public virtual bool IsReview => false;

    /// <summary>Makes objects that are not stored: they can be read and nothing else. Null for all kinds that are stored.</summary>
    public virtual IComputedObjects? Computed => null;

    /// <summary>DELETE of the collection deletes all that is in it.</summary>
    public virtual bool DeletesCollections => true;

    /// <summary>A finished deletion answers with the object, not with a Status.</summary>
    public virtual bool ReturnsDeletedObject => false;

    /// <summary>
    /// The garbage collector follows the kind and takes the finalizers of deletion policies off again. It follows all but events, as
    /// upstream; without it a deletion is a plain one, whatever policy is asked for: it would never end.
    /// </summary>
    public virtual bool IsCollected => true;

    /// <summary>The deletion policy of a request that names none; null is Background.</summary>
    public virtual string? DefaultPropagation => null;

    /// <summary>Subresources beyond status and scale with the kind of their body, for discovery.</summary>
    public virtual IReadOnlyList<Subresource> Subresources => [];

    /// <summary>Field labels beyond metadata.name and metadata.namespace that lists and watches may select by.</summary>
    public virtual IReadOnlyList<string> FieldLabels => [];

    /// <summary>What a name must look like.</summary>
    public virtual NameRule NameRule => NameRule.Subdomain;

    /// <summary>The value of a field label; the path of the field unless a kind says otherwise.</summary>
    public virtual string FieldValue(JsonObject obj, string label) => obj.At(label.Split('.'))?.ToString() ?? "";

    /// <summary>Reads an object.</summary>
    /// <exception cref="JsonException">Not JSON.</exception>
    /// <exception cref="DecodeException">JSON of another shape.</exception>
    public virtual DecodedObject Decode(ReadOnlySpan<byte> json) => SchemaJsonDecoder.Decode(json, Schema);

    /// <summary>What is stored is not always what is shown: the resource has several versions, or a schema that may have changed.</summary>
    public bool ConvertsStored => IsCustom || StoredApiVersion != Names.ApiVersion;

    /// <summary>What a field of the object is called where it is stored; <see cref="Adapt"/> leads back.</summary>
    public virtual string StoredName(string field) => field;

    /// <summary>A stored object as this version of its resource shows it.</summary>
    public StoredObject Present(StoredObject stored) => ConvertsStored ? _presented.GetValue(stored, Adapted) : stored;

    /// <summary>Makes of a stored document what this version shows.</summary>
    protected virtual void Adapt(JsonObject obj)
    {
    }

    private StoredObject Adapted(StoredObject stored)
    {
        var obj = stored.Document();
        Adapt(obj);
        var value = StoredForm.Encode(this, obj, Names.ApiVersion);
        return stored.HasValue(value) ? stored : StoredObject.Create(stored.Key, stored.Created, stored.Modified, value);
    }

    /// <summary>Fills in what a client may leave out.</summary>
    public virtual void Default(JsonObject obj)
    {
    }

    /// <summary>Clears what a client may not set at creation and sets what the server owns.</summary>
    public virtual void PrepareForCreate(JsonObject obj)
    {
        if (HasStatus)
        {
            obj.Remove("status");
        }
    }

    /// <summary>Writes into a new object who asks for it.</summary>
    public virtual void Attribute(JsonObject obj, UserInfo user)
    {
    }

    /// <summary>Takes from the old version what this write may not change.</summary>
    public virtual void PrepareForUpdate(JsonObject obj, JsonObject old)
    {
        if (HasStatus)
        {
            obj.CopyField(old, "status");
        }
    }

    /// <summary>The same for a write to the status subresource.</summary>
    public virtual void PrepareForStatusUpdate(JsonObject obj, JsonObject old)
    {
        obj.CopyField(old, "spec");
        foreach (var field in new[] { "labels", "finalizers", "ownerReferences" })
        {
            obj.Metadata().CopyField(old.Metadata(), field);
        }
    }

    public virtual void Validate(JsonObject obj, FieldErrors errors)
    {
    }

    public virtual void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors) => Validate(obj, errors);

    /// <summary>What is wrong with a write to the status subresource.</summary>
    public virtual void ValidateStatusUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
    }

    /// <summary>Objects that are of no use after a while: events.</summary>
    public virtual bool Expires => false;

    /// <summary>Whether there are <see cref="Warnings"/> of this kind at all.</summary>
    public virtual bool MayWarn => false;

    /// <summary>What is valid and should not be written any more, for people at their clients.</summary>
    public virtual IEnumerable<string> Warnings(JsonObject obj) => [];

    /// <summary>A PUT may leave out the version it replaces.</summary>
    public virtual bool AllowsUnconditionalUpdate => true;

    /// <summary>Fills in at creation what depends on other objects (a namespace's limit ranges).</summary>
    public virtual void Admit(JsonObject obj, string ns, StoreSnapshot snapshot)
    {
    }

    /// <summary>Shows in the object that its deletion was asked for.</summary>
    public virtual void PrepareForDelete(JsonObject obj)
    {
    }

    /// <summary>An object marked for deletion that nothing holds any more.</summary>
    public virtual bool MayBeRemoved(JsonObject obj) =>
        obj.Text("metadata", "deletionTimestamp") is not null
        && (obj.Integer("metadata", "deletionGracePeriodSeconds") ?? 0) == 0
        && obj.Array("metadata", "finalizers") is null or { Count: 0 };

    /// <summary>Takes what the object needs from the server's pools (addresses, ports) and writes it into the object.</summary>
    /// <param name="obj">The object about to be written.</param>
    /// <param name="old">The version it replaces, or null.</param>
    /// <param name="errors">What could not be had.</param>
    public virtual IReservation? Reserve(JsonObject obj, JsonObject? old, FieldErrors errors) => null;

    /// <summary>Gives back what a deleted object held.</summary>
    public virtual void Release(JsonObject obj)
    {
    }

    /// <summary>Seconds between the wish to delete and the deletion, for an agent to end the object; 0 for most kinds.</summary>
    /// <param name="obj">The object.</param>
    /// <param name="wished">What the client asks for; null leaves it to the object.</param>
    public virtual long GracePeriod(JsonObject obj, long? wished) => 0;

    public string Key(string ns, string name) => Names.Namespaced ? $"{StoragePrefix}{ns}/{name}" : StoragePrefix + name;

    public string Prefix(string ns) => Names.Namespaced && ns.Length > 0 ? $"{StoragePrefix}{ns}/" : StoragePrefix;
}

/// <summary>A subresource as discovery lists it.</summary>
internal sealed record Subresource(string Name, string Group, string Version, string Kind, params string[] Verbs)
{
    /// <summary>A proxy subresource: every method is passed on, and each counts as a verb.</summary>
    public static Subresource Proxy(string kind) => new("proxy", "", "v1", kind, "create", "delete", "get", "patch", "update");
}

/// <summary>Something taken from a pool for a write. Disposing gives it back unless the write was made.</summary>
internal interface IReservation : IDisposable
{
    void Keep();
}
