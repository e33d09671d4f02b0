using System.Diagnostics;
using Dataplane.Cli.Cluster;
using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Demo;

/// <summary>The whole demo: a cluster up, the workload, every mode, the cluster down.</summary>
internal static class DemoRun
{
    internal static async Task<(DemoReport Report, DemoFigures Figures)> RunAsync(
        ClusterOptions options, IReadOnlyList<string> modes, ILoggerFactory loggers, Action<string> progress, CancellationToken cancellation)
    {
        progress($"bringing up {options.Nodes} nodes");
        await using var cluster = await LocalCluster.StartAsync(options with { ProxyMode = modes[0] }, loggers, cancellation);
        progress($"all nodes Ready after {cluster.ReadyAfter.TotalMilliseconds:0} ms; deploying");
        using var scenario = new DemoScenario(cluster, loggers);
        await scenario.DeployAsync(cancellation);
        List<ModeReport> reports = [];
        foreach (var mode in modes)
        {
            try
            {
                reports.Add(await scenario.TryAsync(mode, step => progress($"{mode}: {step}"), cancellation));
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                reports.Add(ModeReport.Uniform(mode, DemoCell.Failed(failure.Message)));
            }
        }

        var setups = cluster.Nodes.SelectMany(node => node.Agent.NetworkSetUpMilliseconds).Order().ToList();
        var figures = new DemoFigures(
            cluster.ReadyAfter.TotalMilliseconds,
            setups.Count == 0 ? 0 : setups[setups.Count / 2] * 1000,
            setups.Count,
            Process.GetCurrentProcess().WorkingSet64 / (1024 * 1024));
        progress("tearing down");
        return (DemoReport.Of(options.Nodes, reports), figures);
    }
}
