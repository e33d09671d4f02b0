using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Dataplane.Cli;

/// <summary>
/// Log lines with the header operators of Kubernetes parse: <c>I1120 23:15:41.659680 Proxy.NodeProxy] text</c> (severity, month and day, UTC time).
/// An exception adds its message; its stack only where <paramref name="stacks"/> asks for it.
/// </summary>
internal sealed class KlogFormatter(bool stacks) : ConsoleFormatter(FormatterName)
{
    internal const string FormatterName = "klog";

    private const string OwnPrefix = "Dataplane.";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var severity = logEntry.LogLevel switch
        {
            LogLevel.Critical => 'F',
            LogLevel.Error => 'E',
            LogLevel.Warning => 'W',
            _ => 'I',
        };
        var category = logEntry.Category.StartsWith(OwnPrefix, StringComparison.Ordinal) ? logEntry.Category[OwnPrefix.Length..] : logEntry.Category;
        var now = TimeProvider.System.GetUtcNow();
        textWriter.Write(severity);
        textWriter.Write(now.ToString("MMdd HH:mm:ss.ffffff ", CultureInfo.InvariantCulture));
        textWriter.Write(category);
        textWriter.Write("] ");
        textWriter.Write(OneLine(logEntry.Formatter(logEntry.State, logEntry.Exception)));
        if (logEntry.Exception is { } exception)
        {
            textWriter.Write(": ");
            textWriter.Write(stacks ? exception.ToString() : OneLine($"{exception.GetType().Name}: {exception.Message}"));
        }

        textWriter.WriteLine();
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
