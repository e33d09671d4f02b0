using System.CommandLine;
using Dataplane.Cli.Bench;
using Dataplane.Cli.Bench.Pods;
using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Commands;

/// <summary><c>dataplane bench pods</c>.</summary>
internal static class PodsBenchCommand
{
    internal static Command Create(Option<bool> json)
    {
        var cases = new Option<string>("--cases")
        {
            Description = $"What to measure, separated by commas: {string.Join(", ", PodsBenchPlan.AllCases)}.",
            DefaultValueFactory = _ => string.Join(',', PodsBenchPlan.AllCases),
        };
        var pods = new Option<int>("--pods") { Description = "Pods on a node, one network after the other.", DefaultValueFactory = _ => 250 };
        var burst = new Option<int>("--burst") { Description = "Pods created at once.", DefaultValueFactory = _ => 100 };
        var cycles = new Option<int>("--cycles") { Description = "Pods created and deleted, then looked for.", DefaultValueFactory = _ => 1000 };
        var plugins = new Option<string>("--cni-bin-dir") { Description = "Where the plugins bridge and host-local are.", DefaultValueFactory = _ => "/usr/lib/cni" };
        var command = new Command("pods", "Pods: their network beside the reference CNI plugins, a hundred at once, what the kubelet needs, what is left behind.")
        {
            cases, pods, burst, cycles, plugins,
        };
        command.SetBody(async (arguments, cancellation) =>
        {
            CommandErrors.RequireRoot("bench pods");
            using var loggers = CommandLog.Create(arguments, LogLevel.Warning);
            var plan = new PodsBenchPlan
            {
                Cases = [.. arguments.GetValue(cases)!.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)],
                Pods = arguments.GetValue(pods),
                Burst = arguments.GetValue(burst),
                Cycles = arguments.GetValue(cycles),
                CniBinDirectory = arguments.GetValue(plugins)!,
            }.Checked();
            var report = new BenchReport("pods", arguments.GetValue(json), Console.Out);
            await new PodsBench(plan, report, loggers).RunAsync(cancellation);
            report.Done();
            return 0;
        });
        return command;
    }
}
