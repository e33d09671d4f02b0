using System.CommandLine;
using Dataplane.Cli.Cluster;

namespace Dataplane.Cli.Commands;

/// <summary><c>dataplane down</c>: stops a running cluster and removes what a killed one left.</summary>
internal static class DownCommand
{
    internal static Command Create()
    {
        var command = new Command("down", "Stop the cluster of this machine and remove everything it created, also after a kill.") { DataDirectory };
        command.SetBody(async (arguments, _) =>
        {
            CommandErrors.RequireRoot("down");
            var stopped = ClusterCleanup.StopRunning();
            var removed = ClusterCleanup.Run(arguments.GetValue(DataDirectory)!);
            var said = stopped is { } process ? $"stopped the cluster of process {process}" : "no cluster was running";
            await Console.Error.WriteLineAsync(removed.Count == 0 ? said : $"{said}; removed what was left: {string.Join(", ", removed)}");
            return 0;
        });
        return command;
    }

    internal static readonly Option<string> DataDirectory = new("--data-dir")
    {
        Description = "Where the cluster keeps its store, certificates and pods.",
        DefaultValueFactory = _ => "/var/lib/dataplane",
    };
}
