using System.CommandLine;
using Dataplane.Cli.Bench;
using Dataplane.Cli.Bench.Dns;

namespace Dataplane.Cli.Commands;

/// <summary><c>dataplane bench dns</c>.</summary>
internal static class DnsBenchCommand
{
    internal static Command Create(Option<bool> json)
    {
        var peers = BenchCommand.Names("--peers", $"What to compare with: {string.Join(", ", DnsBenchPlan.AllPeers)}", []);
        var cases = BenchCommand.Names("--cases", $"What to measure: {string.Join(", ", DnsBenchPlan.AllCases)}", DnsBenchPlan.AllCases);
        var services = new Option<int>("--services") { Description = "How many Services have names.", DefaultValueFactory = _ => 10_000 };
        var rounds = new Option<int>("--rounds") { Description = "Rounds of each case.", DefaultValueFactory = _ => 3 };
        var packets = new Option<int>("--malformed") { Description = "Malformed packets to send.", DefaultValueFactory = _ => 10_000_000 };
        var command = new Command("dns", "The name server: CPU time a query beside its peers and a bare echo, latency, changes, memory, malformed packets.")
        {
            peers, cases, services, rounds, packets,
        };
        command.SetBody(async (arguments, cancellation) =>
        {
            var plan = new DnsBenchPlan
            {
                Peers = arguments.GetValue(peers)!,
                Cases = arguments.GetValue(cases)!,
                Services = arguments.GetValue(services),
                Rounds = arguments.GetValue(rounds),
                MalformedPackets = arguments.GetValue(packets),
            }.Checked();
            var report = new BenchReport("dns", arguments.GetValue(json), Console.Out);
            await new DnsBench(plan, report).RunAsync(cancellation);
            report.Done();
            return 0;
        });
        return command;
    }
}
