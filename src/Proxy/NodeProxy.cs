using System.Net.Sockets;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Hosting;
using Dataplane.Linux.Namespaces;
using Dataplane.Proxy.Health;
using Dataplane.Proxy.ServiceModel;
using Dataplane.Proxy.Sync;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy;

/// <summary>The proxy of one node: informers, sync loop, mode and ports.</summary>
public sealed class NodeProxy : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<IAsyncDisposable> _ports = [];
    private readonly List<Task> _running = [];
    private readonly KubernetesClient _client;
    private readonly SyncState _state = new(TimeProvider.System);
    private readonly MetricsText _metrics;
    private readonly IProxyMode _mode;
    private readonly SyncLoop _loop;
    private readonly ILogger _logger;

    private NodeProxy(ProxyOptions options, ILoggerFactory loggers)
    {
        _logger = loggers.CreateLogger<NodeProxy>();
        _client = new KubernetesClient(options.KubeConfig);
        _metrics = new MetricsText(_state.Metrics.Meter);
        _mode = ProxyModes.Create(options.Mode, Context(options, loggers, () => _loop?.Changes.TryWrite(new ModelChange.ForeignChange(Now()))));
        _loop = new SyncLoop(
            new PlanSource(options.NodeName, options.Planning, _logger),
            _mode,
            new SyncOptions { MinInterval = options.MinSyncPeriod, CheckInterval = options.SyncPeriod },
            _state,
            TimeProvider.System,
            _logger);
    }

    /// <summary>Called on the sync loop after every plan put into force: must be short and must not throw.</summary>
    public event Action<ProgrammedPlan>? PlanProgrammed
    {
        add => _state.PlanProgrammed += value;
        remove => _state.PlanProgrammed -= value;
    }

    /// <summary>The last plan put into force; null before the first.</summary>
    public ProgrammedPlan? LastProgrammed => _state.Snapshot.Programmed;

    /// <summary>Starts a node's proxy. Rules follow when the Services and EndpointSlices are known: <see cref="WaitForFirstSyncAsync"/>.</summary>
    /// <exception cref="ProxyModeException">The mode is not built.</exception>
    /// <exception cref="IOException">A port is taken.</exception>
    public static async Task<NodeProxy> StartAsync(ProxyOptions options, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var proxy = new NodeProxy(options, loggers);
        try
        {
            await proxy.RunAsync(options, loggers, cancellation);
            return proxy;
        }
        catch
        {
            await proxy.DisposeAsync();
            throw;
        }
    }

    /// <summary>Removes what every mode leaves in a network namespace, whoever made it.</summary>
    /// <param name="networkNamespace">Null for the process's own.</param>
    /// <param name="loggers">Loggers.</param>
    public static Task CleanupAsync(NetworkNamespace? networkNamespace, ILoggerFactory loggers) =>
        ProxyModes.CleanupAllButAsync(null, new ProxyModeContext(networkNamespace, 1u << ProxyOptions.DefaultMasqueradeBit, () => { }, loggers, TimeProvider.System));

    /// <summary>Completes when the first plan is in force.</summary>
    public Task WaitForFirstSyncAsync(CancellationToken cancellation = default) => _loop.FirstSync.WaitAsync(cancellation);

    /// <summary>Stops. Rules stay: connections go on, and the next proxy takes them over.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var port in _ports)
        {
            await port.DisposeAsync();
        }

        await _mode.DisposeAsync();
        _metrics.Dispose();
        _state.Dispose();
        _client.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(ProxyOptions options, ILoggerFactory loggers, CancellationToken cancellation)
    {
        NodeSysctls.Apply(options.Namespace, options.ClusterCidrs.Any(cidr => cidr.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6), _logger);
        await ProxyModes.CleanupAllButAsync(options.Mode, Context(options, loggers, () => { }));
        if (options.HealthzBindAddress is { } healthz)
        {
            var server = new HealthServer(_state, options.SyncPeriod, TimeProvider.System);
            _ports.Add(await server.StartAsync(healthz, options.Namespace, loggers, cancellation));
        }

        if (options.MetricsBindAddress is { } metrics)
        {
            _ports.Add(await new MetricsServer(_metrics, options.Mode).StartAsync(metrics, options.Namespace, loggers, cancellation));
        }

        var synced = new[]
        {
            Follow<Service>(new InformerOptions { LabelSelector = ServiceLabels.ServiceSelector }, change =>
                new ModelChange.OfService(Now(), change.Name, change.New)),
            Follow<EndpointSlice>(new InformerOptions { LabelSelector = ServiceLabels.EndpointSliceSelector }, change =>
                new ModelChange.OfEndpointSlice(Now(), change.Name, change.New)),
            Follow<Node>(new InformerOptions { FieldSelector = $"metadata.name={options.NodeName}" }, change => new ModelChange.OfNode(Now(), change.New)),
        };
        _running.Add(ReportSyncAsync(synced));
        _running.Add(Task.Run(() => _loop.RunAsync(_stop.Token), CancellationToken.None));
        _logger.Started(options.NodeName, options.Mode);
    }

    private async Task ReportSyncAsync(Task[] synced)
    {
        await Task.WhenAll(synced);
        _loop.Changes.TryWrite(new ModelChange.CachesSynced(Now()));
    }

    // Returns what completes when the cache has delivered its first list.
    private Task Follow<T>(InformerOptions options, Func<InformerChange<T>, ModelChange> read)
        where T : class, IResource<T>
    {
        var informer = new Informer<T>(_client, options, _logger);
        informer.Subscribe(change => _loop.Changes.TryWrite(read(change)));
        _running.Add(Task.Run(() => informer.RunAsync(_stop.Token)));
        return informer.WaitForSyncAsync(_stop.Token);
    }

    private static ProxyModeContext Context(ProxyOptions options, ILoggerFactory loggers, Action rulesTouched) =>
        new(options.Namespace, 1u << options.MasqueradeBit, rulesTouched, loggers, TimeProvider.System);

    private static long Now() => TimeProvider.System.GetTimestamp();
}
