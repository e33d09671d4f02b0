using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Hosting;

/// <summary>
/// Hands the web server's own warnings to the component's log and drops its chatter about starting and stopping.
/// Disposing the web server must not dispose the component's log.
/// </summary>
internal sealed class QuietLoggerFactory(ILoggerFactory inner) : ILoggerFactory
{
    /// <summary>The host logs what StartAsync throws as well; its caller tells it once.</summary>
    private const string HostCategory = "Microsoft.Extensions.Hosting";

    public ILogger CreateLogger(string categoryName) => categoryName.StartsWith(HostCategory, StringComparison.Ordinal)
        ? NullLogger.Instance
        : new WarningsOnly(inner.CreateLogger(categoryName));

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public void Dispose()
    {
    }

    private sealed class WarningsOnly(ILogger inner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning && inner.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                inner.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }
}
