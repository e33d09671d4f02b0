using Spectre.Console;

namespace Dataplane.Cli;

/// <summary>Tables on standard output: coloured for a terminal, plain and wide for a file or a pipe.</summary>
internal static class CommandConsole
{
    private const int RedirectedWidth = 160;

    internal static IAnsiConsole Create()
    {
        var redirected = Console.IsOutputRedirected;
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = redirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
        if (redirected)
        {
            console.Profile.Width = RedirectedWidth;
        }

        return console;
    }
}
