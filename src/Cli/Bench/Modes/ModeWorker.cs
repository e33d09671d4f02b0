using System.Net;
using Dataplane.Api;
using Dataplane.Linux.Namespaces;
using Dataplane.Proxy;
using Dataplane.Proxy.Feeds;
using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Bench.Modes;

/// <summary>A proxy mode in a process of its own, in the node's namespace of a site, until standard input ends.</summary>
internal static class ModeWorker
{
    internal static async Task RunAsync(string mode, string networkNamespace, bool churn, ILoggerFactory loggers, CancellationToken cancellation)
    {
        using var node = NetworkNamespace.Open(networkNamespace);
        await using var proxy = await NodeProxy.StartAsync(
            new ProxyOptions
            {
                NodeName = "bench",
                Feed = new SiteFeed(churn),
                Mode = mode,
                Namespace = node,
                ClusterCidrs = [IPNetwork.Parse("10.244.0.0/16")],
                HealthzBindAddress = null,
                MetricsBindAddress = null,
                MinSyncPeriod = TimeSpan.Zero,
            },
            loggers,
            cancellation);
        await proxy.WaitForFirstSyncAsync(cancellation);
        await Console.In.ReadToEndAsync(cancellation);
    }

    /// <summary>One Service, TCP and UDP, whose endpoints stay or, with churn, change twenty times a second: two of three at any time.</summary>
    private sealed class SiteFeed(bool churn) : IClusterFeed
    {
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

        public async Task RunAsync(IClusterListener listener, CancellationToken cancellation)
        {
            var service = new Service
            {
                Metadata = Metadata("web", []),
                Spec = new ServiceSpec
                {
                    Type = "ClusterIP",
                    ClusterIP = BenchSite.ClusterIP,
                    ClusterIPs = [BenchSite.ClusterIP],
                    Ports =
                    [
                        new ServicePort { Name = "web", Port = BenchSite.ServicePort },
                        new ServicePort { Name = "dns", Port = BenchSite.DatagramServicePort, Protocol = "UDP" },
                    ],
                },
            };
            listener.Tell(NamespacedName.Of(service), service);
            Tell(listener, churn ? BenchSite.ServerAddresses[..2] : BenchSite.ServerAddresses[..1]);
            listener.Tell(null);
            listener.Synced();
            for (var step = 1; churn; step++)
            {
                await Task.Delay(Pause, cancellation);
                var all = BenchSite.ServerAddresses;
                Tell(listener, [all[step % all.Length], all[(step + 1) % all.Length]]);
            }
        }

        private static void Tell(IClusterListener listener, string[] addresses)
        {
            var slice = new EndpointSlice
            {
                Metadata = Metadata("web-1", new() { ["kubernetes.io/service-name"] = "web" }),
                AddressType = "IPv4",
                Ports =
                [
                    new EndpointPort { Name = "web", Port = BenchSite.ServerPort },
                    new EndpointPort { Name = "dns", Port = BenchSite.DatagramServerPort, Protocol = "UDP" },
                ],
                Endpoints = [.. addresses.Select(address => new Endpoint
                {
                    Addresses = [address],
                    NodeName = "bench",
                    Conditions = new EndpointConditions { Ready = true, Serving = true, Terminating = false },
                })],
            };
            listener.Tell(NamespacedName.Of(slice), slice);
        }

        private static ObjectMeta Metadata(string name, Dictionary<string, string> labels) =>
            new() { Namespace = "bench", Name = name, UID = name, ResourceVersion = "1", Labels = labels };
    }
}
