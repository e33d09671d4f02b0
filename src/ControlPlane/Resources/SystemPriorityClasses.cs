using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Resources;

/// <summary>The two PriorityClasses every cluster has.</summary>
internal static class SystemPriorityClasses
{
    public static IReadOnlyList<(string Name, long Value, string Description)> All { get; } =
    [
        ("system-node-critical", 2_000_001_000, "Used for system critical pods that must not be moved from their current node."),
        ("system-cluster-critical", 2_000_000_000,
            "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."),
    ];

    /// <summary>Makes those that are missing.</summary>
    public static async Task EnsureAsync(IStore store, ObjectWriter writer, ResourceCatalog catalog)
    {
        var classes = catalog.Find("scheduling.k8s.io", "priorityclasses");
        foreach (var (name, value, description) in All.Where(known => store.Current.Get(classes.Key("", known.Name)) is null))
        {
            var obj = new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["value"] = value, ["description"] = description };
            await writer.CreateAsync(classes, "", obj, dryRun: false);
        }
    }
}
