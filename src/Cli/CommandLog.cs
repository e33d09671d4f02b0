using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Dataplane.Cli;

/// <summary>Logging of every command: lines on standard error, standard output is for results.</summary>
internal static class CommandLog
{
    /// <summary><c>-v N</c> as the upstream programs have it: 0 information, 4 and more debug, below 0 warnings only.</summary>
    internal static readonly Option<int> Verbosity = new("--v", "-v")
    {
        Description = "Log verbosity: 0 is normal, 4 and more is debugging, -1 is warnings only.",
        Recursive = true,
    };

    internal static ILoggerFactory Create(ParseResult arguments, LogLevel quietest = LogLevel.Information)
    {
        var level = arguments.GetValue(Verbosity) switch
        {
            < 0 => LogLevel.Warning,
            >= 4 => LogLevel.Debug,
            > 0 => LogLevel.Information,
            0 => quietest,
        };
        return LoggerFactory.Create(logging =>
        {
            logging.SetMinimumLevel(level).AddFilter("Microsoft", LogLevel.Warning);
            logging.Services.AddSingleton<ConsoleFormatter>(new KlogFormatter(stacks: level <= LogLevel.Debug));
            logging.AddConsole(console =>
            {
                console.FormatterName = KlogFormatter.FormatterName;
                console.LogToStandardErrorThreshold = LogLevel.Trace;
            });
        });
    }
}
