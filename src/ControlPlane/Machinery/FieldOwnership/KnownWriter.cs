using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Machinery.FieldOwnership;

/// <summary>
/// The write most writes are: a program changes fields that it owns already and nobody else does. Its entry gets a new time,
/// nothing more; the sets are looked at where they lie, without making them.
/// </summary>
internal static class KnownWriter
{
    /// <param name="entries">metadata.managedFields before the write; changed and returned when it is such a write.</param>
    /// <param name="change">What the write changed.</param>
    /// <param name="unowned">Fields that have no owner.</param>
    /// <param name="manager">Who writes.</param>
    /// <param name="now">The time of the write.</param>
    /// <returns>Null, and nothing changed, when it is another kind of write.</returns>
    public static JsonArray? Renew(JsonArray entries, TypedComparison change, FieldSet unowned, FieldManager manager, string now)
    {
        var taken = change.Modified.Union(change.Added);
        var own = taken.Except(unowned);
        if (!change.Removed.Except(unowned).IsEmpty || own.IsEmpty || Find(entries, taken, manager) is not { } mine)
        {
            return null;
        }

        if (!mine.ContainsKey("time") || !own.IsWithin(mine.Object("fieldsV1")!))
        {
            return null;
        }

        mine["time"] = now;
        var sorted = Sorted(entries);
        if (!sorted.SequenceEqual(entries))
        {
            entries.Clear();
            foreach (var entry in sorted)
            {
                entries.Add(entry);
            }
        }

        return entries;
    }

    /// <summary>The writer's entry; null when there is none, or more than one, or others own what is taken.</summary>
    private static JsonObject? Find(JsonArray entries, FieldSet taken, FieldManager manager)
    {
        JsonObject? mine = null;
        foreach (var node in entries)
        {
            if (node is not JsonObject entry || entry.Object("fieldsV1") is not { } fields)
            {
                return null;
            }

            var isMine = ManagedFields.ManagerOf(entry) == manager;
            if (isMine ? mine is not null : taken.Meets(fields))
            {
                return null;
            }

            mine = isMine ? entry : mine;
        }

        return mine;
    }

    private static JsonObject[] Sorted(JsonArray entries) =>
        [.. entries.Cast<JsonObject>().OrderBy(entry => (ManagedFields.ManagerOf(entry), entry.Text("time")), ManagedFields.Order)];
}
