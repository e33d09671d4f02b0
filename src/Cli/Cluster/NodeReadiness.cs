using Dataplane.Api;
using Dataplane.Api.Client;
using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Cluster;

/// <summary>Waits until every node of the cluster says that it is Ready.</summary>
internal static class NodeReadiness
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    internal static Task WaitAsync(KubernetesClient client, int nodes, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var names = Enumerable.Range(1, nodes).Select(AddressPlan.NodeName).ToHashSet();
        return Await.StateAsync<Node>(
            client, null, "all nodes Ready", Limit, loggers,
            there => there.Values.Count(node => names.Contains(node.Metadata.Name) && IsReady(node)) == nodes,
            node => $"{node.Metadata.Name} {(IsReady(node) ? "Ready" : "NotReady")}",
            cancellation);
    }

    private static bool IsReady(Node node) => node.Status.Conditions.Any(condition => condition is { Type: "Ready", Status: "True" });
}
