using System.CommandLine;
using Dataplane.Api;
using Dataplane.Cli.Bench;
using Dataplane.Cli.Bench.Api;
using Dataplane.Cli.Bench.Modes;
using Dataplane.Cli.Bench.Sync;
using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Commands;

/// <summary><c>dataplane bench</c>: figures of one part of the suite on this machine.</summary>
internal static class BenchCommand
{
    internal static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print one JSON object a line instead of text.", Recursive = true };
        return new Command("bench", "Measure a part of the suite on this machine.") { json, Api(json), DnsBenchCommand.Create(json), Modes(json), Sync(json), PodsBenchCommand.Create(json) };
    }

    private static Command Sync(Option<bool> json)
    {
        var modes = new Option<string>("--modes") { Description = "Modes to measure, separated by commas.", DefaultValueFactory = _ => "nftables" };
        var services = new Option<int>("--services") { Description = "How many Services.", DefaultValueFactory = _ => 10_000 };
        var endpoints = new Option<int>("--endpoints") { Description = "How many endpoints each has.", DefaultValueFactory = _ => 10 };
        var changes = new Option<int>("--changes") { Description = "Changes to time, one after the other.", DefaultValueFactory = _ => 1000 };
        var soak = new Option<string>("--soak") { Description = "Then 100 changes a second for so long: 10m.", DefaultValueFactory = _ => "0" };
        var worker = new Option<bool>("--worker") { Hidden = true };
        var command = new Command("sync", "A proxy mode: from a change to the kernel's acknowledgement, cold start, memory, and what a first packet costs.")
        {
            modes, services, endpoints, changes, soak, worker, UserModeBench.Option,
        };
        command.SetBody(async (arguments, cancellation) =>
        {
            CommandErrors.RequireRoot("bench sync");
            if (arguments.GetValue(UserModeBench.Option))
            {
                return await UserModeBench.RunAsync(arguments, cancellation);
            }

            var plans = arguments.GetValue(modes)!.Split(',').Select(mode => new SyncBenchOptions(
                ClusterArguments.CheckedMode(mode.Trim()), arguments.GetValue(services), arguments.GetValue(endpoints))
            {
                Changes = arguments.GetValue(changes),
                Soak = GoDuration.Parse(arguments.GetValue(soak)!),
            }.Checked()).ToList();
            var report = new BenchReport("sync", arguments.GetValue(json), Console.Out) { Size = (plans[0].Services, plans[0].Endpoints) };
            if (arguments.GetValue(worker))
            {
                using var loggers = CommandLog.Create(arguments, LogLevel.Warning);
                await new SyncBench(plans[0], report, loggers).RunAsync(cancellation);
                return 0;
            }

            foreach (var plan in plans)
            {
                await SyncBenchProcess.RunAsync(plan, arguments.GetValue(json), cancellation);
            }

            report.Done();
            return 0;
        });
        return command;
    }

    private static Command Modes(Option<bool> json)
    {
        var modes = Names("--modes", "Modes to measure", ["userspace"]);
        var peers = Names("--peers", $"What to compare with: {string.Join(", ", ModesBenchPlan.KnownPeers)}", [ModesBenchPlan.Direct]);
        var cases = Names("--cases", $"What to measure: {string.Join(", ", ModesBenchPlan.KnownCases)}", ModesBenchPlan.KnownCases);
        var rounds = new Option<int>("--rounds") { Description = "Rounds of each case; subjects take turns.", DefaultValueFactory = _ => 3 };
        var round = new Option<string>("--round") { Description = "How long a round is measured.", DefaultValueFactory = _ => "2s" };
        var services = new Option<int>("--services") { Description = "How many Services a mode has. More than one have three endpoints each, and each connection of a load its own of them.", DefaultValueFactory = _ => 1 };
        var soak = new Option<string>("--soak") { Description = "Instead of cases: all kinds of load for so long, 10m, while endpoints come and go.", DefaultValueFactory = _ => "0" };
        var worker = new Option<string?>("--worker") { Hidden = true };
        var churn = new Option<bool>("--churn") { Hidden = true };
        var command = new Command("modes", "What it costs to go through a proxy mode, beside other proxies and the direct path.")
        {
            modes, peers, cases, rounds, round, services, soak, worker, churn, UserModeBench.Option,
        };
        command.SetBody(async (arguments, cancellation) =>
        {
            CommandErrors.RequireRoot("bench modes");
            if (arguments.GetValue(UserModeBench.Option))
            {
                return await UserModeBench.RunAsync(arguments, cancellation);
            }

            if (arguments.GetValue(worker) is { } networkNamespace)
            {
                using var loggers = CommandLog.Create(arguments, LogLevel.Warning);
                await ModeWorker.RunAsync(arguments.GetValue(modes)![0], networkNamespace, arguments.GetValue(services), arguments.GetValue(churn), loggers, cancellation);
                return 0;
            }

            var soakFor = GoDuration.Parse(arguments.GetValue(soak)!);
            string[] compared = [.. arguments.GetValue(peers)!.Append(ModesBenchPlan.Direct).Distinct()];
            var plan = new ModesBenchPlan(
                arguments.GetValue(modes)!, soakFor > TimeSpan.Zero ? [] : compared, soakFor > TimeSpan.Zero ? [] : arguments.GetValue(cases)!)
            {
                Services = arguments.GetValue(services),
                Rounds = arguments.GetValue(rounds),
                Round = GoDuration.Parse(arguments.GetValue(round)!),
                Soak = soakFor,
            }.Checked();
            var report = new BenchReport("modes", arguments.GetValue(json), Console.Out) { Size = plan.Services > 1 ? (plan.Services, BenchSite.ServerAddresses.Length) : null };
            await new ModesBench(plan, report).RunAsync(cancellation);
            report.Done();
            return 0;
        });
        return command;
    }

    internal static Option<string[]> Names(string name, string description, string[] byDefault) => new(name)
    {
        Description = $"{description}; separated by commas.",
        DefaultValueFactory = _ => byDefault,
        CustomParser = argument => [.. argument.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))],
    };

    private static Command Api(Option<bool> json)
    {
        var cases = Names("--cases", $"What to measure: {string.Join(", ", ApiBench.Cases)}", ApiBench.Cases);
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
