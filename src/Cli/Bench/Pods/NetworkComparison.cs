using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Dataplane.Kubelet.Network;
using Dataplane.Kubelet.Network.Cni;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Route;

namespace Dataplane.Cli.Bench.Pods;

/// <summary>
/// ADD and DEL of a pod's network in a namespace that exists, as a runtime asks for them, with 0 to N pods on the node already: the agent's own network in
/// process, and the plugins bridge and host-local executed each time. Both wire the same: bridge, veth, address, routes, hairpin. Each has a node of its own.
/// </summary>
/// <remarks>
/// DEL of the agent's network returns when nothing passes any more and leaves the device to the end of the pod's namespace, as docs/decisions/0019 tells;
/// <c>removal</c> is what all of it took in both cases, until the last device and namespace had gone, for each pod.
/// </remarks>
internal sealed class NetworkComparison(PodsBenchPlan plan, BenchReport report)
{
    private const string Prefix = "dp-bench-pods-";
    private const string Plugins = "bridge+host-local";
    private const int WarmUps = 10;
    private static readonly TimeSpan GoneLimit = TimeSpan.FromMinutes(1);

    internal async Task RunAsync(CancellationToken cancellation)
    {
        var directory = Directory.CreateTempSubdirectory("dp-bench-").FullName;
        try
        {
            CleanUp();
            foreach (var layout in (PodNetworkLayout[])[PodNetworkLayout.Bridge, PodNetworkLayout.PointToPoint])
            {
                await RunAsync(
                    layout == PodNetworkLayout.Bridge ? "dataplane" : "dataplane-ptp",
                    node => new PodNetwork(new PodNetworkOptions
                    {
                        Node = node,
                        Ranges = [IPNetwork.Parse("10.244.0.0/21")],
                        Journal = Path.Combine(directory, $"{layout}", "addresses"),
                        Layout = layout,
                    }),
                    cancellation);
            }

            if (((string[])["bridge", "host-local"]).All(plugin => File.Exists(Path.Combine(plan.CniBinDirectory, plugin))))
            {
                await RunAsync(Plugins, node => PluginNetwork(node, directory), cancellation);
            }
            else
            {
                await Console.Error.WriteLineAsync($"bench pods: no plugins in {plan.CniBinDirectory} (Debian: containernetworking-plugins); nothing to compare with");
            }
        }
        finally
        {
            CleanUp();
            Directory.Delete(directory, recursive: true);
        }
    }

    private CniNetwork PluginNetwork(NetworkNamespace node, string directory)
    {
        var configuration = new JsonObject
        {
            ["cniVersion"] = "1.0.0",
            ["name"] = "dp-bench",
            ["plugins"] = new JsonArray(new JsonObject
            {
                ["type"] = "bridge",
                ["bridge"] = "dp-bench0",
                ["isGateway"] = true,
                ["hairpinMode"] = true,
                ["ipam"] = new JsonObject
                {
                    ["type"] = "host-local",
                    ["dataDir"] = Path.Combine(directory, "host-local"),
                    ["ranges"] = new JsonArray(new JsonArray(new JsonObject { ["subnet"] = "10.244.0.0/21" })),
                    ["routes"] = new JsonArray(new JsonObject { ["dst"] = "0.0.0.0/0" }),
                },
            }),
        };
        var files = Directory.CreateDirectory(Path.Combine(directory, "net.d")).FullName;
        File.WriteAllText(Path.Combine(files, "10-bench.conflist"), configuration.ToJsonString());
        return new CniNetwork(new CniNetworkOptions
        {
            Node = node,
            ConfigurationDirectory = files,
            BinDirectories = [plan.CniBinDirectory],
            Attachments = Path.Combine(directory, "attachments"),
        });
    }

    private async Task RunAsync(string subject, Func<NetworkNamespace, IPodNetwork> open, CancellationToken cancellation)
    {
        using var node = NetworkNamespace.Create(Prefix + "node");
        try
        {
            using var links = RouteConnection.Open(node);
            links.SetUp(links.GetLink("lo").Index);
            using var network = open(node);
            network.Reconcile([]);
            for (var round = 0; round < WarmUps; round++)
            {
                await CycleAsync(network, 1, cancellation);
            }

            await WaitGoneAsync(links, cancellation);
            var (adds, deletions, removal) = await CycleAsync(network, plan.Pods, cancellation, links);
            report.Samples("network", subject, "ADD", "ms", adds);
            report.Samples("network", subject, "DEL", "ms", deletions);
            report.Total("network", subject, "removal of a pod's network and namespace", "ms", plan.Pods, removal);
        }
        finally
        {
            CleanUp();
        }
    }

    /// <summary>Adds pods one after the other, then takes all away.</summary>
    private static async Task<(double[] Adds, double[] Deletions, double Removal)> CycleAsync(
        IPodNetwork network, int pods, CancellationToken cancellation, RouteConnection? links = null)
    {
        var sandboxes = new List<NetworkNamespace>();
        var (adds, deletions) = (new double[pods], new double[pods]);
        try
        {
            for (var number = 0; number < pods; number++)
            {
                var sandbox = NetworkNamespace.Create($"{Prefix}{number}");
                sandboxes.Add(sandbox);
                var started = Stopwatch.GetTimestamp();
                await network.ConnectAsync(new PodNetworkRequest(UidOf(number)) { Name = "bench", Namespace = "default" }, sandbox, cancellation);
                adds[number] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                sandbox.EndThread();
            }

            var removing = Stopwatch.GetTimestamp();
            for (var number = 0; number < pods; number++)
            {
                var started = Stopwatch.GetTimestamp();
                await network.DisconnectAsync(UidOf(number));
                deletions[number] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                sandboxes[number].Dispose();
                NetworkNamespace.Delete(sandboxes[number].Name);
            }

            if (links is not null)
            {
                await WaitGoneAsync(links, cancellation);
            }

            return (adds, deletions, Stopwatch.GetElapsedTime(removing).TotalMilliseconds / pods);
        }
        finally
        {
            foreach (var sandbox in sandboxes)
            {
                sandbox.Dispose();
                NetworkNamespace.Delete(sandbox.Name);
            }
        }
    }

    private static async Task WaitGoneAsync(RouteConnection links, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(GoneLimit);
        while (links.Links().Any(link => link.Kind == "veth"))
        {
            await Task.Delay(1, limit.Token);
        }
    }

    private static string UidOf(int number) => $"{number:x8}-bench";

    private static void CleanUp()
    {
        foreach (var name in NetworkNamespace.Names(Prefix))
        {
            NetworkNamespace.Delete(name);
        }
    }
}
