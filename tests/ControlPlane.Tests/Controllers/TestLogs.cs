using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Tests.Controllers;

/// <summary>Shows warnings and errors with the test that caused them.</summary>
internal sealed class TestLogs(ITestOutputHelper? output) : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("this factory is its only provider");

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        try
        {
            output?.WriteLine($"{formatter(state, exception)} {exception}");
        }
        catch (InvalidOperationException)
        {
            // The test has ended; nobody reads its output any more.
        }
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}
