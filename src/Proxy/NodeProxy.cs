using System.Net.Sockets;
using System.Threading.Channels;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Hosting;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink;
using Dataplane.Proxy.ConnectionTracking;
using Dataplane.Proxy.Feeds;
using Dataplane.Proxy.Ipvs;
using Dataplane.Proxy.Nftables;
using Dataplane.Proxy.Sync;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy;

/// <summary>The proxy of one node: informers, sync loop, mode and ports.</summary>
public sealed class NodeProxy : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private readonly KubernetesClient? _client;
    private readonly IClusterFeed _feed;
    private readonly SyncState _state;
    private readonly MetricsText _metrics;
    private readonly ProxyPorts _ports;
    private readonly IProxyMode _mode;
    private readonly SyncLoop _loop;
    private readonly ILogger _logger;

    private NodeProxy(ProxyOptions options, ILoggerFactory loggers)
    {
        _logger = loggers.CreateLogger<NodeProxy>();
        if (options.Feed is null)
        {
            _client = new KubernetesClient(options.KubeConfig ?? throw new ArgumentException("neither a kubeconfig nor a feed"));
        }

        _state = new SyncState(TimeProvider.System, options.Mode);
        _feed = options.Feed ?? new InformerFeed(_client!, options.NodeName, _logger);
        _metrics = new MetricsText(_state.Metrics.Meter);
        _ports = new ProxyPorts(options, _state, _metrics, loggers);
        var context = Context(options, loggers, () => _loop?.Changes.TryWrite(new ModelChange.ForeignChange(Now()))) with
        {
            Loading = _state.Metrics.Loading,
            FlowsDeleted = _state.Metrics.FlowsDeleted,
            RulesCounted = _state.Metrics.RulesCounted,
            Meter = _state.Metrics.Meter,
        };
        _mode = ProxyModes.Create(options.Mode, context);
        _ = new TrafficMetrics(_state, _mode, TimeProvider.System);
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

    /// <summary>Sets the kernel's settings that a proxy needs: what takes privileges (kube-proxy's --init-only).</summary>
    public static void Initialize(ProxyOptions options, ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger<NodeProxy>();
        NodeSysctls.Apply(options.Namespace, options.ClusterCidrs.Any(cidr => cidr.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6), logger);
        ConntrackSysctls.Apply(options.Conntrack, options.Namespace, logger);
    }

    /// <summary>Removes what every mode leaves in a network namespace, whoever made it.</summary>
    /// <param name="networkNamespace">Null for the process's own.</param>
    /// <param name="loggers">Loggers.</param>
    public static Task CleanupAsync(NetworkNamespace? networkNamespace, ILoggerFactory loggers) =>
        RemoveOthersAsync(null, new ProxyModeContext(networkNamespace, 1u << ProxyOptions.DefaultMasqueradeBit, () => { }, loggers, TimeProvider.System));

    /// <summary>Completes when the first plan is in force.</summary>
    public Task WaitForFirstSyncAsync(CancellationToken cancellation = default) => _loop.FirstSync.WaitAsync(cancellation);

    /// <summary>Stops. Rules stay: connections go on, and the next proxy takes them over.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _ports.DisposeAsync();
        await _mode.DisposeAsync();
        _metrics.Dispose();
        _state.Dispose();
        _client?.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(ProxyOptions options, ILoggerFactory loggers, CancellationToken cancellation)
    {
        Initialize(options, loggers);
        await _ports.OpenAsync(cancellation);
        _running.Add(_feed.RunAsync(new Listener(_loop.Changes), _stop.Token));
        _running.Add(Task.Run(() => _loop.RunAsync(_stop.Token), CancellationToken.None));
        _running.Add(TakeOverAsync(options, loggers));
        _logger.Started(options.NodeName, options.Mode);
    }

    // Rules of another mode, or of kube-proxy, go when this proxy's are in force and not before: until then they are what serves the node.
    private async Task TakeOverAsync(ProxyOptions options, ILoggerFactory loggers)
    {
        await WaitForFirstSyncAsync(_stop.Token);
        try
        {
            var context = Context(options, loggers, () => { });
            await RemoveOthersAsync(options.Mode, context);
            if (options.Mode != IpvsMode.ModeName)
            {
                await IpvsCleanup.FinishAsync(context with { Successor = options.Mode }, _stop.Token);
            }
        }
        catch (NetlinkException failure)
        {
            _logger.OthersNotRemoved(failure.Message);
        }
    }

    private static async Task RemoveOthersAsync(string? mode, ProxyModeContext context)
    {
        await ProxyModes.CleanupAllButAsync(mode, context);
        UpstreamTables.Remove(context.Namespace);
    }

    private static ProxyModeContext Context(ProxyOptions options, ILoggerFactory loggers, Action rulesTouched) =>
        new(options.Namespace, 1u << options.MasqueradeBit, rulesTouched, loggers, TimeProvider.System) { Ipvs = options.Ipvs };

    private static long Now() => TimeProvider.System.GetTimestamp();

    private sealed class Listener(ChannelWriter<ModelChange> changes) : IClusterListener
    {
        public void Tell(NamespacedName name, Service? service) => changes.TryWrite(new ModelChange.OfService(Now(), name, service));

        public void Tell(NamespacedName name, EndpointSlice? slice) => changes.TryWrite(new ModelChange.OfEndpointSlice(Now(), name, slice));

        public void Tell(Node? node) => changes.TryWrite(new ModelChange.OfNode(Now(), node));

        public void Tell(NamespacedName name, ServiceCIDR? range) => changes.TryWrite(new ModelChange.OfServiceCidr(Now(), name, range));

        public void Synced() => changes.TryWrite(new ModelChange.CachesSynced(Now()));
    }
}
