using Dataplane.Hosting;
using Dataplane.Proxy.Health;
using Dataplane.Proxy.Sync;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy;

/// <summary>The ports of one proxy: health, metrics, and a health-check port for each Service that has one.</summary>
internal sealed class ProxyPorts(ProxyOptions options, SyncState state, MetricsText metrics, ILoggerFactory loggers) : IAsyncDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);

    private readonly HealthServer _health = new(state, options.SyncPeriod, TimeProvider.System);
    private readonly ILogger _logger = loggers.CreateLogger<ProxyPorts>();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task<HttpEndpoint?>> _ports = [];
    private ServiceHealthServers? _services;

    /// <exception cref="IOException">A port is taken and the options say that this is fatal.</exception>
    internal async Task OpenAsync(CancellationToken cancellation)
    {
        _services = new ServiceHealthServers(state, _health, options.Namespace, loggers);
        if (options.HealthzBindAddress is { } healthz)
        {
            await OpenAsync(() => _health.StartAsync(healthz, options.Namespace, loggers, cancellation));
        }

        if (options.MetricsBindAddress is { } address)
        {
            var server = new MetricsServer(metrics, options.Mode, options.Configuration);
            await OpenAsync(() => server.StartAsync(address, options.Namespace, loggers, cancellation));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await (_services?.DisposeAsync() ?? ValueTask.CompletedTask);
        foreach (var port in _ports)
        {
            await (await port is { } server ? server.DisposeAsync() : ValueTask.CompletedTask);
        }

        _stop.Dispose();
    }

    private async Task OpenAsync(Func<Task<HttpEndpoint>> start)
    {
        try
        {
            _ports.Add(Task.FromResult<HttpEndpoint?>(await start()));
        }
        catch (IOException taken) when (!options.BindAddressHardFail)
        {
            _logger.PortTaken(taken.Message, Retry.TotalSeconds);
            _ports.Add(RetryAsync(start));
        }
    }

    // Rules matter more than a port that shows them: kube-proxy too goes on without.
    private async Task<HttpEndpoint?> RetryAsync(Func<Task<HttpEndpoint>> start)
    {
        using var timer = new PeriodicTimer(Retry);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                try
                {
                    return await start();
                }
                catch (IOException)
                {
                    // Still taken; it was said once.
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }

        return null;
    }
}
