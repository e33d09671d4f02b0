using System.CommandLine;
using Dataplane.Cli.Cluster;
using Dataplane.Cli.Demo;
using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Commands;

/// <summary><c>dataplane demo</c>: a cluster up, a workload deployed, resolved, connected to and measured in every mode, and down again.</summary>
internal static class DemoCommand
{
    private static readonly string[] DefaultModes = ["nftables", "iptables", "ipvs", "userspace"];

    internal static Command Create()
    {
        var nodes = ClusterArguments.Nodes();
        var modes = new Option<string[]>("--modes")
        {
            Description = "Proxy modes to try, separated by commas.",
            DefaultValueFactory = _ => DefaultModes,
            CustomParser = argument => [.. argument.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))],
        };
        var json = new Option<bool>("--json") { Description = "Print one JSON document on standard output instead of a table." };
        var command = new Command("demo", "Bring a cluster up, deploy, resolve, connect and measure in every mode, and take it down.") { nodes, modes, json };
        command.SetBody(async (arguments, cancellation) =>
        {
            CommandErrors.RequireRoot("demo");
            string[] selected = [.. arguments.GetValue(modes)!.Select(ClusterArguments.CheckedMode)];
            if (selected.Length == 0)
            {
                throw new UserErrorException("--modes names no mode");
            }

            using var loggers = CommandLog.Create(arguments, LogLevel.Warning);
            var directory = Directory.CreateTempSubdirectory("dp-demo-").FullName;
            try
            {
                var options = new ClusterOptions
                {
                    Nodes = ClusterArguments.Checked(arguments.GetValue(nodes)),
                    DataDirectory = directory,
                    ApiPort = 0,
                };
                var (report, figures) = await DemoRun.RunAsync(
                    options, selected, loggers, step => Console.Error.WriteLine($"  {step}"), cancellation);
                if (arguments.GetValue(json))
                {
                    await Console.Out.WriteLineAsync(report.ToJson());
                }
                else
                {
                    DemoTable.Write(CommandConsole.Create(), report, figures);
                }

                return report.Ok ? 0 : CommandErrors.Failure;
            }
            finally
            {
                Directory.Delete(directory, recursive: true);
            }
        });
        return command;
    }
}
