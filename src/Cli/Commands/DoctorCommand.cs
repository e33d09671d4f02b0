using System.CommandLine;
using Dataplane.Cli.Doctor;
using Spectre.Console;

namespace Dataplane.Cli.Commands;

/// <summary><c>dataplane doctor</c>: what this kernel and machine can do, and what each part needs.</summary>
internal static class DoctorCommand
{
    internal static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print one JSON document instead of a table." };
        var command = new Command("doctor", "Say what this kernel and machine can do, and what each mode needs.") { json };
        command.SetBody(async (arguments, _) =>
        {
            var checks = MachineChecks.Run();
            var report = new DoctorReport(checks.All(check => check.IsOk || !check.Required), checks);
            if (arguments.GetValue(json))
            {
                await Console.Out.WriteLineAsync(report.ToJson());
            }
            else
            {
                Write(report);
            }

            return report.Ok ? 0 : CommandErrors.Failure;
        });
        return command;
    }

    private static void Write(DoctorReport report)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("check", "status", "found", "needed by");
        foreach (var check in report.Checks)
        {
            var colour = check.IsOk ? "green" : check.Required ? "red" : "yellow";
            table.AddRow(Markup.Escape(check.Name), $"[{colour}]{check.Status}[/]", Markup.Escape(check.Detail), Markup.Escape(check.NeededBy));
        }

        CommandConsole.Create().Write(table);
    }
}
