using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;

namespace Dataplane.ControlPlane.Machinery.FieldOwnership;

/// <summary>The refusal of an apply that changes what others own.</summary>
internal static class ApplyConflict
{
    /// <param name="managed">All owners.</param>
    /// <param name="applier">Who may change its own.</param>
    /// <param name="taken">Fields the apply adds or changes.</param>
    /// <param name="givenAway">Fields nobody insists on, when they are all that is in conflict.</param>
    /// <exception cref="StatusException">409 with one cause for each field.</exception>
    public static void Check(ManagedFields managed, FieldManager applier, FieldSet taken, FieldSet givenAway)
    {
        var conflicts = managed.Entries
            .Where(entry => entry.Key != applier)
            .Select(entry => (Manager: entry.Key.ToString(), Fields: entry.Value.Fields.Intersect(taken)))
            .Where(conflict => !conflict.Fields.IsEmpty)
            .OrderBy(conflict => conflict.Manager, StringComparer.Ordinal)
            .ToArray();
        if (conflicts.Any(conflict => !conflict.Fields.Except(givenAway).IsEmpty))
        {
            throw Refusal([.. conflicts.SelectMany(conflict => conflict.Fields.Paths().Select(path => (conflict.Manager, string.Concat(path))))]);
        }
    }

    private static StatusException Refusal(IReadOnlyList<(string Manager, string Path)> conflicts)
    {
        var causes = conflicts.Select(conflict => new JsonObject
        {
            ["reason"] = "FieldManagerConflict",
            ["message"] = $"conflict with {conflict.Manager}",
            ["field"] = conflict.Path,
        });
        var details = new JsonObject { ["causes"] = new JsonArray([.. causes]) };
        return new StatusException(409, "Conflict", Message(conflicts), details);
    }

    private static string Message(IReadOnlyList<(string Manager, string Path)> conflicts)
    {
        if (conflicts is [var only])
        {
            return $"Apply failed with 1 conflict: conflict with {only.Manager}: {only.Path}";
        }

        var lines = conflicts.GroupBy(conflict => conflict.Manager)
            .SelectMany(group => group.Select(conflict => $"- {conflict.Path}").Prepend($"conflicts with {group.Key}:"));
        return $"Apply failed with {conflicts.Count} conflicts: {string.Join("\n", lines)}";
    }
}
