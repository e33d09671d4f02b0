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
    internal static async Task RunAsync(string mode, string networkNamespace, int services, bool churn, ILoggerFactory loggers, CancellationToken cancellation)
    {
        using var node = NetworkNamespace.Open(networkNamespace);
        await using var proxy = await NodeProxy.StartAsync(
            new ProxyOptions
            {
                NodeName = "bench",
                Feed = new SiteFeed(services, churn),
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

    /// <summary>
    /// Services for TCP and UDP. Endpoints stay or, with churn, the first Service's change twenty times a second: two of three at any time.
    /// </summary>
    private sealed class SiteFeed(int services, bool churn) : IClusterFeed
    {
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

        public async Task RunAsync(IClusterListener listener, CancellationToken cancellation)
        {
            for (var index = 0; index < services; index++)
            {
                Tell(listener, index);
                Tell(listener, index, services > 1 ? BenchSite.ServerAddresses : churn ? BenchSite.ServerAddresses[..2] : BenchSite.ServerAddresses[..1]);
            }

            listener.Tell(null);
            listener.Synced();
            for (var step = 1; churn; step++)
            {
                await Task.Delay(Pause, cancellation);
                var all = BenchSite.ServerAddresses;
                Tell(listener, 0, [all[step % all.Length], all[(step + 1) % all.Length]]);
            }
        }

        private static void Tell(IClusterListener listener, int index)
        {
            var service = new Service
            {
                Metadata = Metadata($"web-{index}", []),
                Spec = new ServiceSpec
                {
                    Type = "ClusterIP",
                    ClusterIP = BenchSite.ClusterIP(index),
                    ClusterIPs = [BenchSite.ClusterIP(index)],
                    Ports =
                    [
                        new ServicePort { Name = "web", Port = BenchSite.ServicePort },
                        new ServicePort { Name = "dns", Port = BenchSite.DatagramServicePort, Protocol = "UDP" },
                    ],
                },
            };
            listener.Tell(NamespacedName.Of(service), service);
        }

        private static void Tell(IClusterListener listener, int index, string[] addresses)
        {
            var slice = new EndpointSlice
            {
                Metadata = Metadata($"web-{index}-1", new() { ["kubernetes.io/service-name"] = $"web-{index}" }),
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
