namespace Dataplane.ControlPlane.Scheduling;

/// <summary>The message of a pod that fits nowhere, as kubectl describe shows it: <c>0/2 nodes are available: 2 Insufficient cpu.</c></summary>
internal static class SchedulingFailure
{
    /// <summary>The message of a pod that no node can help.</summary>
    public static string Message(int nodes, string reason) =>
        nodes == 0 ? Message([]) : $"0/{nodes} nodes are available: {reason}.";

    public static string Message(IReadOnlyCollection<IReadOnlyList<string>> reasonsOfNodes)
    {
        if (reasonsOfNodes.Count == 0)
        {
            return "no nodes available to schedule pods";
        }

        var counted = reasonsOfNodes
            .SelectMany(reasons => reasons)
            .GroupBy(reason => reason)
            .Select(group => $"{group.Count()} {group.Key}")
            .Order(StringComparer.Ordinal);
        return $"0/{reasonsOfNodes.Count} nodes are available: {string.Join(", ", counted)}.";
    }
}
