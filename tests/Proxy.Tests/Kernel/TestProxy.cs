using System.Net;
using System.Net.Sockets;
using Dataplane.Api;
using Dataplane.Proxy.Feeds;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.Kernel;

/// <summary>A whole proxy on the node of a <see cref="ScenarioNetwork"/>.</summary>
internal static class TestProxy
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Starts one and waits until its rules are in force.</summary>
    internal static async Task<NodeProxy> StartAsync(ScenarioNetwork network, string mode, Feed? feed = null)
    {
        var proxy = await NodeProxy.StartAsync(
            new ProxyOptions
            {
                NodeName = "here",
                Feed = feed ?? new Feed(),
                Mode = mode,
                Namespace = network.Node.Namespace,
                ClusterCidrs = [IPNetwork.Parse("10.244.0.0/16")],
                MinSyncPeriod = TimeSpan.Zero,
            },
            NullLoggerFactory.Instance,
            CancellationToken.None);
        await proxy.WaitForFirstSyncAsync().WaitAsync(Limit);
        return proxy;
    }

    /// <summary>An answer's body, or why there is none.</summary>
    internal static async Task<string> GetAsync(TestHost source, string address, int port, string path)
    {
        using var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = source.Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        try
        {
            using var answer = await client.GetAsync(new Uri($"http://{address}:{port}{path}"));
            return await answer.Content.ReadAsStringAsync();
        }
        catch (HttpRequestException refused)
        {
            return refused.Message;
        }
    }

    internal static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!await condition())
        {
            await Task.Delay(10, limit.Token);
        }
    }

    /// <summary>Two Services of the endpoint on pod-a: "web" at 10.96.0.1 and NodePort 30080, and "checked" at 10.96.0.2 with policy Local.</summary>
    /// <param name="targetPort">The endpoint's port.</param>
    /// <param name="datagrams">"web" has UDP port 53 as well, for port 8080 of the endpoint.</param>
    internal sealed class Feed(int targetPort = 8080, bool datagrams = false) : IClusterFeed
    {
        public Task RunAsync(IClusterListener listener, CancellationToken cancellation)
        {
            Tell(listener, "web", "10.96.0.1", 30080, "Cluster");
            Tell(listener, "checked", "10.96.0.2", 30081, "Local");
            listener.Tell(null);
            listener.Synced();
            return Task.CompletedTask;
        }

        private void Tell(IClusterListener listener, string name, string clusterIP, int nodePort, string policy)
        {
            var hasDatagrams = datagrams && name == "web";
            listener.Tell(new NamespacedName("ns", name), new Service
            {
                Metadata = new ObjectMeta { Namespace = "ns", Name = name },
                Spec = new ServiceSpec
                {
                    Type = "LoadBalancer",
                    ClusterIP = clusterIP,
                    Ports = [new ServicePort { Port = 80, NodePort = nodePort }, .. hasDatagrams ? [new ServicePort { Name = "dns", Port = 53, Protocol = "UDP" }] : Array.Empty<ServicePort>()],
                    ExternalTrafficPolicy = policy,
                    HealthCheckNodePort = policy == "Local" ? 32000 : 0,
                },
            });
            listener.Tell(new NamespacedName("ns", name + "-1"), new EndpointSlice
            {
                Metadata = new ObjectMeta { Namespace = "ns", Name = name + "-1", Labels = new() { ["kubernetes.io/service-name"] = name } },
                AddressType = "IPv4",
                Ports = [new EndpointPort { Port = targetPort }, .. hasDatagrams ? [new EndpointPort { Name = "dns", Port = 8080, Protocol = "UDP" }] : Array.Empty<EndpointPort>()],
                Endpoints = [Cluster.Endpoint("10.244.1.5 here")],
            });
        }
    }
}
