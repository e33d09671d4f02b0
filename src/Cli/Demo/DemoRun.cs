using System.Diagnostics;
using Dataplane.Cli.Cluster;
using Dataplane.Proxy;
using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Demo;

/// <summary>The whole demo: a cluster up, the workload, every mode, the cluster down.</summary>
internal static class DemoRun
{
    internal static async Task<(DemoReport Report, DemoFigures Figures)> RunAsync(
        ClusterOptions options, IReadOnlyList<string> modes, ILoggerFactory loggers, Action<string> progress, CancellationToken cancellation)
    {
        // Modes that this kernel cannot have run elsewhere, and the others do not wait for what that says.
        var missing = modes.Distinct().ToDictionary(mode => mode, mode => ProxyModes.Missing(mode, null));
        string[] here = [.. modes.Where(mode => missing[mode] is null)];
        var (native, figures) = here.Length > 0 ? await RunHereAsync(options, here, loggers, progress, cancellation) : ([], new DemoFigures(0, 0, 0, 0));
        var reports = new List<ModeReport>();
        foreach (var mode in modes)
        {
            reports.Add(missing[mode] is { } reason
                ? await UserModeDemo.RunAsync(options.Nodes, mode, $"this kernel has no {mode.ToUpperInvariant()} ({reason})", progress, cancellation)
                : native[Array.IndexOf(here, mode)]);
        }

        return (DemoReport.Of(options.Nodes, reports), figures);
    }

    private static async Task<(IReadOnlyList<ModeReport> Reports, DemoFigures Figures)> RunHereAsync(
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
        return (reports, figures);
    }
}
