using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.Machinery.FieldOwnership;

/// <summary>
/// Who owns which field after a write. Source: structured-merge-diff's merge.Updater and apimachinery's managedfields, KEP-555.
/// </summary>
/// <param name="type">What objects of the kind are made of.</param>
/// <param name="decode">Reads an object of the kind.</param>
/// <param name="time">Stamps the entries that change.</param>
internal sealed class OwnershipTracker(FieldType type, Func<ReadOnlySpan<byte>, DecodedObject> decode, TimeProvider time)
{
    private const string Entries = "managedFields";

    /// <summary>Owner of what was there before the first apply to an object that nobody was tracked on.</summary>
    private const string BeforeFirstApply = "before-first-apply";

    /// <summary>What identifies an object or only the server sets has no owner.</summary>
    private static readonly FieldSet Unowned = SetOf(
        ["apiVersion"], ["kind"], ["metadata"], ["metadata", "name"], ["metadata", "namespace"], ["metadata", "creationTimestamp"],
        ["metadata", "selfLink"], ["metadata", "uid"], ["metadata", "generation"], ["metadata", Entries], ["metadata", "resourceVersion"]);

    public OwnershipTracker(TypeSchema schema, TimeProvider time)
        : this(FieldType.Of(schema), json => SchemaJsonDecoder.Decode(json, schema), time)
    {
    }

    /// <summary>Writes into an updated or created object who owns it.</summary>
    /// <param name="old">The version before, which loses its managedFields; null for a creation.</param>
    /// <param name="obj">The new version with what its writer says of managedFields; it gets the true ones.</param>
    /// <param name="manager">The writer.</param>
    /// <param name="differs">Whether a field of the object may differ between the two; null when that is not known.</param>
    public void Update(JsonObject? old, JsonObject obj, FieldManager manager, Func<string, bool>? differs = null)
    {
        var given = Detach(obj);
        var before = old is null ? null : Detach(old);
        TypedComparison? comparison = null;
        if (given is null && before is { Count: > 0 })
        {
            comparison = TypedComparison.Of(old!, obj, type, differs);
            if (KnownWriter.Renew(before, comparison, Unowned, manager, Now()) is { } renewed)
            {
                obj.Metadata()[Entries] = renewed;
                return;
            }
        }

        var managed = ManagedFields.Decode(given);
        if (managed.IsEmpty && !IsReset(given))
        {
            // Clients that know nothing of managedFields leave them out: that must not lose them.
            managed = ManagedFields.Decode(before);
        }

        // Objects that nobody was tracked on stay so until the first apply.
        if (old is not null && managed.IsEmpty)
        {
            return;
        }

        comparison ??= TypedComparison.Of(old ?? [], obj, type, differs);
        var taken = comparison.Modified.Union(comparison.Added);
        managed.Take(taken.Union(comparison.Removed));
        var own = Stripped(taken);
        if (!own.IsEmpty)
        {
            managed.Set(manager, managed.Of(manager) is { } kept ? kept.Fields.Union(own) : own, Now());
            managed.MergeAncient();
        }

        Write(obj, managed);
    }

    /// <summary>Server-side apply.</summary>
    /// <param name="live">The current object; an object without fields when there is none.</param>
    /// <param name="config">What the applier wants, and all it will own.</param>
    /// <param name="manager">The applier.</param>
    /// <param name="force">Take over what others own.</param>
    /// <returns>A new object.</returns>
    /// <exception cref="ApplyException">A list that cannot be merged.</exception>
    /// <exception cref="StatusException">409: others own what the configuration changes.</exception>
    public JsonObject Apply(JsonObject live, JsonObject config, FieldManager manager, bool force)
    {
        var managed = ManagedFields.Decode(live.Array("metadata", Entries));
        var current = Untracked(live);
        if (managed.IsEmpty && live.Count > 0)
        {
            var all = TypedComparison.Of([], current, type).Added;
            managed.Set(new FieldManager(BeforeFirstApply, Applies: false, manager.ApiVersion, ""), Stripped(all), Now());
        }

        var wanted = TypedValues.Fields(config, type);
        var last = managed.Of(manager);
        managed.Set(manager, wanted, last?.Time);
        var merged = TypedValues.Merge(current, config, type);
        var result = (JsonObject)(last is null ? merged : TypedValues.Remove(merged, type, NoLongerWanted(last.Fields, managed)));
        var comparison = TypedComparison.Of(current, result, type);
        var taken = comparison.Modified.Union(comparison.Added);
        if (!force)
        {
            ApplyConflict.Check(managed, manager, taken, ClientSideFields(live, manager));
        }

        managed.Take(taken.Union(comparison.Removed), except: manager);
        managed.Set(manager, Stripped(wanted), last?.Time);
        var before = ManagedFields.Decode(live.Array("metadata", Entries));
        if (!comparison.IsSame || !managed.Owns(before))
        {
            managed.Set(manager, Stripped(wanted), Now());
        }

        Write(result, managed);
        return result;
    }

    /// <summary>What the applier named before and nobody, itself included, names now.</summary>
    private static FieldSet NoLongerWanted(FieldSet last, ManagedFields managed)
    {
        var owned = managed.Entries.Aggregate(new FieldSet(), (all, entry) => all.Union(entry.Value.Fields));
        return last.WithNamedParents().Except(owned.WithNamedParents());
    }

    /// <summary>
    /// The fields of kubectl's last client-side apply: kubectl may take those over without force, that is how objects move to
    /// server-side apply.
    /// </summary>
    private FieldSet ClientSideFields(JsonObject live, FieldManager manager)
    {
        if (manager.Name != LastApplied.Manager || live.Text("metadata", "annotations", LastApplied.Annotation) is not { } text)
        {
            return new FieldSet();
        }

        try
        {
            return TypedValues.Fields(decode(System.Text.Encoding.UTF8.GetBytes(text)).Object, type);
        }
        catch (Exception failure) when (failure is System.Text.Json.JsonException or DecodeException or ApplyException)
        {
            // An annotation anybody can write: unreadable, it gives nothing away.
            return new FieldSet();
        }
    }

    private string Now() => ObjectJson.Time(time.GetUtcNow());

    private static JsonArray? Detach(JsonObject obj)
    {
        var entries = obj.Array("metadata", Entries);
        obj.Object("metadata")?.Remove(Entries);
        return entries;
    }

    private static JsonObject Untracked(JsonObject? obj)
    {
        var copy = (JsonObject?)obj?.DeepClone() ?? [];
        (copy["metadata"] as JsonObject)?.Remove(Entries);
        return copy;
    }

    /// <summary>A list with one empty entry: the documented way to forget all owners. An empty list is not, upstream.</summary>
    private static bool IsReset(JsonArray? given) => given is [JsonObject { Count: 0 }];

    private static void Write(JsonObject obj, ManagedFields managed)
    {
        obj.Metadata().Remove(Entries);
        if (!managed.IsEmpty)
        {
            obj.Metadata()[Entries] = managed.Encode();
        }
    }

    private static FieldSet Stripped(FieldSet fields) => fields.Except(Unowned);

    private static FieldSet SetOf(params ReadOnlySpan<string[]> paths)
    {
        var set = new FieldSet();
        foreach (var path in paths)
        {
            set.Insert([.. path.Select(PathElement.Field)]);
        }

        return set;
    }
}
