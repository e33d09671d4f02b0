using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Machinery.FieldOwnership;

/// <summary>Who writes: an entry of metadata.managedFields but for its time and its fields.</summary>
/// <param name="Name">The fieldManager parameter, or the first part of the User-Agent.</param>
/// <param name="Applies">Operation Apply; otherwise Update.</param>
/// <param name="ApiVersion">Version the fields are named in.</param>
/// <param name="Subresource">Empty for the object itself.</param>
internal sealed record FieldManager(string Name, bool Applies, string ApiVersion, string Subresource)
{
    /// <summary>As conflicts name it: "kubectl" using apps/v1.</summary>
    public override string ToString()
    {
        var who = $"\"{Name}\"" + (Subresource.Length > 0 ? $" with subresource \"{Subresource}\"" : "");
        return Applies ? who : $"{who} using {ApiVersion}";
    }
}

/// <summary>What one manager owns, and since when.</summary>
internal sealed record OwnedFields(FieldSet Fields, string? Time);

/// <summary>metadata.managedFields as it is worked with.</summary>
internal sealed class ManagedFields
{
    private const string FieldsType = "FieldsV1";
    private const string AncientChanges = "ancient-changes";
    private const int MaxUpdaters = 10;

    /// <summary>Appliers first, then by time and name: the order upstream writes.</summary>
    public static readonly IComparer<(FieldManager Manager, string? Time)> Order = Comparer<(FieldManager Manager, string? Time)>.Create(static (x, y) =>
    {
        var order = y.Manager.Applies.CompareTo(x.Manager.Applies);
        order = order != 0 ? order : string.CompareOrdinal(x.Time ?? "", y.Time ?? "");
        order = order != 0 ? order : string.CompareOrdinal(x.Manager.Name, y.Manager.Name);
        order = order != 0 ? order : string.CompareOrdinal(x.Manager.ApiVersion, y.Manager.ApiVersion);
        return order != 0 ? order : string.CompareOrdinal(x.Manager.Subresource, y.Manager.Subresource);
    });

    private readonly Dictionary<FieldManager, OwnedFields> _entries = [];

    public bool IsEmpty => _entries.Count == 0;

    public IReadOnlyCollection<KeyValuePair<FieldManager, OwnedFields>> Entries => _entries;

    public OwnedFields? Of(FieldManager manager) => _entries.GetValueOrDefault(manager);

    /// <summary>Sets what a manager owns; one that owns nothing is no manager.</summary>
    public void Set(FieldManager manager, FieldSet fields, string? time)
    {
        if (fields.IsEmpty)
        {
            _entries.Remove(manager);
        }
        else
        {
            _entries[manager] = new OwnedFields(fields, time);
        }
    }

    /// <summary>Takes fields away from every manager but one.</summary>
    public void Take(FieldSet fields, FieldManager? except = null)
    {
        foreach (var (manager, owned) in _entries.ToArray())
        {
            if (manager != except)
            {
                Set(manager, owned.Fields.Except(fields), owned.Time);
            }
        }
    }

    /// <summary>
    /// Objects would grow with every program that ever updated them: of more than ten updaters the oldest become one, for each version
    /// of the API. Source: apimachinery's managedfields, capManagersManager.
    /// </summary>
    public void MergeAncient()
    {
        var updaters = _entries.Where(entry => !entry.Key.Applies).OrderBy(entry => (entry.Key, entry.Value.Time), Order).ToArray();
        var tooMany = updaters.Length - MaxUpdaters;
        foreach (var (manager, owned) in updaters)
        {
            var ancient = new FieldManager(AncientChanges, Applies: false, manager.ApiVersion, "");
            if (tooMany <= 0 || manager == ancient)
            {
                continue;
            }

            _entries.Remove(manager);
            var merged = _entries.GetValueOrDefault(ancient);
            _entries[ancient] = merged is null ? owned : new OwnedFields(merged.Fields.Union(owned.Fields), owned.Time);
            tooMany -= merged is null ? 0 : 1;
        }
    }

    public bool Owns(ManagedFields other) =>
        _entries.Count == other._entries.Count
        && _entries.All(entry => other.Of(entry.Key) is { } same && same.Fields.SetEquals(entry.Value.Fields));

    /// <returns>Empty when there are none, and also when they cannot be read: a client may have written anything.</returns>
    public static ManagedFields Decode(JsonArray? entries)
    {
        var managed = new ManagedFields();
        foreach (var node in entries ?? [])
        {
            if (node is not JsonObject entry
                || entry.Text("operation") is not ("Apply" or "Update")
                || entry.Object("fieldsV1") is not { } json
                || FieldSet.FromJson(json) is not { } fields)
            {
                return new ManagedFields();
            }

            var manager = ManagerOf(entry);
            managed.Set(manager, managed.Of(manager) is { } same ? same.Fields.Union(fields) : fields, entry.Text("time"));
        }

        return managed;
    }

    /// <summary>Who an entry of the JSON form is of.</summary>
    public static FieldManager ManagerOf(JsonObject entry) =>
        new(entry.Text("manager") ?? "", entry.Text("operation") == "Apply", entry.Text("apiVersion") ?? "", entry.Text("subresource") ?? "");

    public JsonArray Encode() =>
        new([.. _entries.OrderBy(entry => (entry.Key, entry.Value.Time), Order).Select(entry => Encode(entry.Key, entry.Value))]);

    private static JsonObject Encode(FieldManager manager, OwnedFields owned)
    {
        // Empty fields are left out, as in every object on the wire: a writer without a User-Agent has no name.
        var entry = new JsonObject();
        if (manager.Name.Length > 0)
        {
            entry["manager"] = manager.Name;
        }

        entry["operation"] = manager.Applies ? "Apply" : "Update";
        entry["apiVersion"] = manager.ApiVersion;
        if (owned.Time is not null)
        {
            entry["time"] = owned.Time;
        }

        entry["fieldsType"] = FieldsType;
        entry["fieldsV1"] = owned.Fields.ToJson();
        if (manager.Subresource.Length > 0)
        {
            entry["subresource"] = manager.Subresource;
        }

        return entry;
    }
}
