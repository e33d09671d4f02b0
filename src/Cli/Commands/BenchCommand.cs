using System.CommandLine;
using Dataplane.Cli.Bench;
using Dataplane.Cli.Bench.Api;

namespace Dataplane.Cli.Commands;

/// <summary><c>dataplane bench</c>: figures of one part of the suite on this machine.</summary>
internal static class BenchCommand
{
    internal static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print one JSON object a line instead of text.", Recursive = true };
        return new Command("bench", "Measure a part of the suite on this machine.") { json, Api(json) };
    }

    private static Command Api(Option<bool> json)
    {
        var cases = new Option<string[]>("--cases")
        {
            Description = $"What to measure, separated by commas: {string.Join(", ", ApiBench.Cases)}.",
            DefaultValueFactory = _ => ApiBench.Cases,
            CustomParser = argument => [.. argument.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))],
        };
        var pods = new Option<int>("--pods") { Description = "Pods in the store.", DefaultValueFactory = _ => 10_000 };
        var patches = new Option<int>("--patches") { Description = "Status patches to send.", DefaultValueFactory = _ => 21_000 };
        var store = new Option<string>("--store") { Description = "The server's store.", DefaultValueFactory = _ => "sqlite" };
        var servers = new Option<string[]>("--etcd-servers") { Description = "For --store etcd.", DefaultValueFactory = _ => [] };
        var command = new Command("api", "The API server: a server process of its own under load from this one.") { cases, pods, patches, store, servers };
        command.SetBody(async (arguments, cancellation) =>
        {
            var plan = new ApiBenchPlan
            {
                Cases = arguments.GetValue(cases)!,
                Pods = arguments.GetValue(pods),
                Patches = arguments.GetValue(patches),
                Store = arguments.GetValue(store)!,
                EtcdServers = arguments.GetValue(servers)!,
            };
            if (plan.Cases.Except(ApiBench.Cases).FirstOrDefault() is { } unknown)
            {
                throw new UserErrorException($"--cases: \"{unknown}\": known are {string.Join(", ", ApiBench.Cases)}");
            }

            var report = new BenchReport("api", arguments.GetValue(json), Console.Out);
            await ApiBench.RunAsync(plan, report, cancellation);
            report.Done();
            return 0;
        });
        return command;
    }
}
