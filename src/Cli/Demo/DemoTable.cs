using System.Globalization;
using Spectre.Console;

namespace Dataplane.Cli.Demo;

/// <summary>The demo's result for a person.</summary>
internal static class DemoTable
{
    internal static void Write(IAnsiConsole console, DemoReport report, DemoFigures figures)
    {
        var table = new Table().Border(TableBorder.Rounded).Title($"[bold]{report.Nodes} nodes, 3 replicas[/]");
        foreach (var column in new[] { "mode", "ClusterIP", "NodePort", "DNS", "headless" })
        {
            table.AddColumn(column);
        }

        foreach (var column in new[] { "requests", "errors", "p50", "p99", "programmed in" })
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (var mode in report.Modes)
        {
            table.AddRow(
                Markup.Escape(mode.RanIn is null ? mode.Mode : $"{mode.Mode} ({mode.RanIn})"), Cell(mode.ClusterIP), Cell(mode.NodePort), Cell(mode.Dns), Cell(mode.Headless), Count(mode.Requests),
                mode.Errors == 0 ? "0" : $"[red]{Count(mode.Errors)}[/]", Duration(mode.P50Us), Duration(mode.P99Us), Duration(mode.ProgramUs));
        }

        console.Write(table);
        console.MarkupLine(figures.Sandboxes == 0 ? "no mode ran on this machine's own kernel" :
            $"all nodes Ready {figures.ReadyMs:0} ms after start; pod network set up in {Duration(figures.SandboxP50Us)} (p50 of {figures.Sandboxes}); " +
            $"resident {figures.ResidentMegabytes} MB for the whole cluster");
        console.MarkupLine(report.Ok ? "[green]ok[/]" : "[red]not ok[/]");
    }

    private static string Cell(string cell) => cell switch
    {
        "ok" => "[green]ok[/]",
        _ when cell.StartsWith("skipped:", StringComparison.Ordinal) => $"[yellow]{Markup.Escape(cell)}[/]",
        _ => $"[red]{Markup.Escape(cell)}[/]",
    };

    private static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Duration(double microseconds) => microseconds switch
    {
        0 => "-",
        < 1000 => string.Create(CultureInfo.InvariantCulture, $"{microseconds:0} us"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1000:0.0} ms"),
    };
}

/// <summary>What the demo measured of the cluster itself.</summary>
/// <param name="ReadyMs">From the start of the control plane until every node was Ready, milliseconds.</param>
/// <param name="SandboxP50Us">Median time to set up a pod's network, microseconds.</param>
/// <param name="Sandboxes">How many pod networks were set up.</param>
/// <param name="ResidentMegabytes">Resident set of this process, which is the whole cluster but for the pods' own programs.</param>
internal sealed record DemoFigures(double ReadyMs, double SandboxP50Us, int Sandboxes, long ResidentMegabytes);
