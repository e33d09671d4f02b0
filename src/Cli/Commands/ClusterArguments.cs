using System.CommandLine;
using Dataplane.Cli.Cluster;
using Dataplane.Proxy;

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

    /// <exception cref="UserErrorException">A mode is not built; the message names those there are.</exception>
    internal static string CheckedMode(string mode) => ProxyModes.Names.Contains(mode)
        ? mode
        : throw new UserErrorException($"proxy mode \"{mode}\" is not built; there are: {string.Join(", ", ProxyModes.Names)}");
}
