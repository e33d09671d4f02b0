using Dataplane.Api.Client;
using Dataplane.Kubelet;
using Dataplane.Linux.Namespaces;
using Dataplane.Proxy;
using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Cluster;

/// <summary>One node of the cluster in this process: a namespace with a kubelet and a proxy in it.</summary>
internal sealed class ClusterNode : IAsyncDisposable
{
    /// <summary>kube-proxy waits a second between syncs because its syncs are dear; here one costs a small transaction.</summary>
    internal static readonly TimeSpan MinSyncPeriod = TimeSpan.FromMilliseconds(10);

    private readonly KubeConfig _kubeConfig;
    private readonly ILoggerFactory _loggers;
    private NodeProxy? _proxy;
    private NodeAgent? _agent;

    private ClusterNode(int index, NetworkNamespace networkNamespace, KubeConfig kubeConfig, ILoggerFactory loggers)
    {
        Index = index;
        Namespace = networkNamespace;
        _kubeConfig = kubeConfig;
        _loggers = loggers;
    }

    internal int Index { get; }

    internal string Name => AddressPlan.NodeName(Index);

    internal NetworkNamespace Namespace { get; }

    internal NodeProxy Proxy => _proxy ?? throw new InvalidOperationException($"{Name} has no proxy");

    internal NodeAgent Agent => _agent ?? throw new InvalidOperationException($"{Name} has no kubelet");

    internal static async Task<ClusterNode> StartAsync(
        int index, NetworkNamespace networkNamespace, KubeConfig kubeConfig, ClusterOptions options, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var node = new ClusterNode(index, networkNamespace, kubeConfig, loggers);
        try
        {
            node._agent = await NodeAgent.StartAsync(
                new KubeletOptions
                {
                    KubeConfig = kubeConfig,
                    NodeName = node.Name,
                    NodeIP = AddressPlan.NodeAddress(index),
                    PodCidr = AddressPlan.PodCidr(index),
                    ClusterDns = [AddressPlan.DnsServiceAddress],
                    Namespace = networkNamespace,
                    RootDirectory = Path.Combine(options.DataDirectory, "nodes", node.Name),
                    HealthzPort = 10248,
                    RemovePodsOnStop = true,
                    ContainerRuntime = options.ContainerRuntime,
                    ContainerRuntimeEndpoint = options.ContainerRuntimeEndpoint,
                    PodInfraContainerImage = options.PodInfraContainerImage,
                },
                loggers,
                cancellation);
            await node.UseProxyAsync(options.ProxyMode, cancellation);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the running proxy, whose rules stay, and starts one in another mode, which takes over from them.</summary>
    internal async Task UseProxyAsync(string mode, CancellationToken cancellation)
    {
        if (_proxy is { } running)
        {
            _proxy = null;
            await running.DisposeAsync();
        }

        _proxy = await NodeProxy.StartAsync(
            new ProxyOptions
            {
                KubeConfig = _kubeConfig,
                NodeName = Name,
                Mode = mode,
                Namespace = Namespace,
                ClusterCidrs = [AddressPlan.Pods],
                MinSyncPeriod = MinSyncPeriod,
            },
            _loggers,
            cancellation);
        await _proxy.WaitForFirstSyncAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null)
        {
            await _agent.DisposeAsync();
        }

        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }
    }
}
