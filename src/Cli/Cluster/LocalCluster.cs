using System.Diagnostics;
using System.Net;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane;
using Dataplane.Dns;
using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Cluster;

/// <summary>A whole cluster in this process: what <c>up</c> keeps and <c>demo</c> tries.</summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    private readonly ClusterOptions _options;
    private readonly ClusterLock _lock;
    private readonly ILoggerFactory _loggers;
    private readonly List<ClusterNode> _nodes = [];
    private Fabric? _fabric;
    private ControlPlaneServer? _controlPlane;
    private ClusterDns? _dns;
    private KubernetesClient? _client;

    private LocalCluster(ClusterOptions options, ILoggerFactory loggers)
    {
        _options = options;
        _loggers = loggers;
        _lock = ClusterLock.Take();
    }

    internal Fabric Fabric => _fabric!;

    internal IReadOnlyList<ClusterNode> Nodes => _nodes;

    /// <summary>An administrator's client.</summary>
    internal KubernetesClient Client => _client!;

    /// <summary>Where the administrator's kubeconfig was written.</summary>
    internal string KubeConfigPath => _controlPlane!.KubeConfigPath!;

    /// <summary>From the start of the control plane until all nodes were Ready.</summary>
    internal TimeSpan ReadyAfter { get; private set; }

    /// <summary>Removes what a killed run left, builds the machine's part and starts everything; on failure nothing is left behind.</summary>
    internal static async Task<LocalCluster> StartAsync(ClusterOptions options, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var cluster = new LocalCluster(options, loggers);
        try
        {
            var started = Stopwatch.GetTimestamp();
            ClusterCleanup.Run(options.DataDirectory);
            cluster._fabric = Fabric.Create(options.Nodes);
            await cluster.StartControlPlaneAsync(cancellation);
            await ClusterDnsObjects.EnsureAsync(cluster.Client, cancellation);
            await cluster.StartDnsAsync(cancellation);
            await cluster.StartNodesAsync(cancellation);
            await NodeReadiness.WaitAsync(cluster.Client, options.Nodes, loggers, cancellation);
            cluster.ReadyAfter = Stopwatch.GetElapsedTime(started);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    internal Task UseProxyModeAsync(string mode, CancellationToken cancellation) =>
        Task.WhenAll(_nodes.Select(node => node.UseProxyAsync(mode, cancellation)));

    /// <summary>Stops the pods, then the parts, then removes the namespaces.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Task.WhenAll(_nodes.Select(node => node.DisposeAsync().AsTask()));
            if (_dns is not null)
            {
                await _dns.DisposeAsync();
            }

            _client?.Dispose();
            if (_controlPlane is not null)
            {
                await _controlPlane.DisposeAsync();
            }
        }
        finally
        {
            _fabric?.Dispose();
            ClusterCleanup.Run(_options.DataDirectory);
            _lock.Dispose();
        }
    }

    private async Task StartControlPlaneAsync(CancellationToken cancellation)
    {
        _controlPlane = await ControlPlaneServer.StartAsync(
            new ControlPlaneOptions
            {
                DataDirectory = _options.DataDirectory,
                Store = _options.Store,
                Listen =
                [
                    new(new IPEndPoint(IPAddress.Loopback, _options.ApiPort)),
                    new(new IPEndPoint(AddressPlan.FabricAddress, AddressPlan.ApiPort), Fabric.Switch),
                ],
                ServiceCidr = AddressPlan.Services,
                AdvertiseAddress = new IPEndPoint(AddressPlan.FabricAddress, AddressPlan.ApiPort),
                KubeletDialer = FabricDialer.Of(Fabric.Switch),
                PodDialer = FabricDialer.Of(Fabric.Switch),
                KubeConfigPath = _options.KubeConfig ?? Path.Combine(_options.DataDirectory, "admin.kubeconfig"),
            },
            _loggers,
            cancellation);
        _client = new KubernetesClient(_controlPlane.KubeConfig);
    }

    private async Task StartDnsAsync(CancellationToken cancellation) =>
        _dns = await ClusterDns.StartAsync(
            new DnsOptions
            {
                KubeConfig = _controlPlane!.KubeConfig,
                Listen = [new(new IPEndPoint(AddressPlan.FabricAddress, 53), Fabric.Switch)],
            },
            _loggers,
            cancellation);

    private async Task StartNodesAsync(CancellationToken cancellation)
    {
        var starting = Fabric.Nodes.Select((networkNamespace, at) =>
            ClusterNode.StartAsync(at + 1, networkNamespace, _controlPlane!.KubeConfig, _options, _loggers, cancellation)).ToList();
        await foreach (var node in Task.WhenEach(starting).WithCancellation(cancellation))
        {
            _nodes.Add(await node);
        }

        _nodes.Sort((left, right) => left.Index.CompareTo(right.Index));
    }
}
