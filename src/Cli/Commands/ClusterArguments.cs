using System.CommandLine;
using Dataplane.Cli.Cluster;

namespace Dataplane.Cli.Commands;

/// <summary>Options that up and demo share.</summary>
internal static class ClusterArguments
{
    internal static Option<int> Nodes() => new("--nodes")
    {
        Description = $"How many nodes, 1 to {AddressPlan.MostNodes}.",
        DefaultValueFactory = _ => 2,
    };

    internal static int Checked(int nodes) =>
        nodes is >= 1 and <= AddressPlan.MostNodes ? nodes : throw new UserErrorException($"--nodes {nodes}: must be 1 to {AddressPlan.MostNodes}");
}
