using System.Collections.Concurrent;
using System.Net;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Linux;
using Dataplane.Netlink;
using Dataplane.Netlink.Route;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.Nodes;

/// <summary>
/// Routes to the other nodes' pods: with those nodes as gateways where all share a link, or through an overlay. What the kernel has is compared with what
/// should be after each change of a node and now and then: routes that an earlier agent left, or somebody removed, are put right.
/// </summary>
internal sealed class NodeRoutes(RouteConnection routes, string nodeName, VxlanOverlay? overlay, TimeProvider time, ILogger logger)
{
    /// <summary>rtm_protocol of what is made here: the kernel keeps it, and nobody else uses it (iproute2, rt_protos).</summary>
    internal const byte Protocol = 107;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, Node> _nodes = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _changed = new(1, 1);

    /// <summary>Called on the informer's loop.</summary>
    internal void Handle(InformerChange<Node> change)
    {
        var name = change.Object.Metadata.Name;
        if (name == nodeName)
        {
            return;
        }

        if (change.New is { } node)
        {
            _nodes[name] = node;
        }
        else
        {
            _nodes.TryRemove(name, out _);
        }

        Wake();
    }

    /// <summary>Keeps the routes true until cancelled.</summary>
    /// <param name="synced">Whether all nodes are known: before that nothing is removed.</param>
    internal async Task RunAsync(Func<bool> synced, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                var good = Sync(synced());
                using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                var pause = Task.Delay(good && synced() ? Period : Retry, time, timer.Token);
                await Task.WhenAny(_changed.WaitAsync(timer.Token), pause);
                await timer.CancelAsync();
                cancellation.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException)
        {
            // The agent stops; its pods go on, and so do the routes.
        }
    }

    /// <returns>Whether everything is as it should be.</returns>
    internal bool Sync(bool complete)
    {
        var good = true;
        var wanted = new Dictionary<IPNetwork, Route>();
        foreach (var (name, node) in _nodes)
        {
            foreach (var route in overlay is null ? RoutesTo(node) : overlay.RoutesTo(node))
            {
                wanted[route.Destination] = route;
            }
        }

        Route[] there;
        try
        {
            there = [.. routes.Routes().Where(route => route.Protocol == Protocol)];
        }
        catch (NetlinkException problem)
        {
            Log.RouteProblem(logger, nodeName, problem.Message);
            return false;
        }

        foreach (var old in there.Where(old => complete && !wanted.ContainsKey(old.Destination)))
        {
            good &= Try(() => routes.DeleteRoute(old), old);
        }

        foreach (var route in wanted.Values.Where(route => !Array.Exists(there, one => IsSame(one, route))))
        {
            good &= Try(() => routes.ReplaceRoute(route), route);
        }

        return overlay is null ? good : overlay.SyncNeighbours([.. _nodes.Values], complete) && good;
    }

    private static bool IsSame(Route one, Route other) =>
        one.Destination.Equals(other.Destination) && Equals(one.Gateway, other.Gateway) && (other.LinkIndex is null || one.LinkIndex == other.LinkIndex);

    private void Wake()
    {
        try
        {
            _changed.Release();
        }
        catch (SemaphoreFullException)
        {
            // It has been told already.
        }
    }

    private bool Try(Action change, Route route)
    {
        try
        {
            change();
            return true;
        }
        catch (NetlinkException gone) when (gone.Errno == Errno.ESRCH)
        {
            return true;
        }
        catch (NetlinkException problem)
        {
            Log.RouteProblem(logger, route.Destination.ToString(), problem.Message);
            return false;
        }
    }

    /// <summary>Of each family for which the node has an address.</summary>
    private static IEnumerable<Route> RoutesTo(Node node)
    {
        var addresses = node.Status.Addresses.Where(one => one.Type == "InternalIP").Select(one => IPAddress.TryParse(one.Address, out var address) ? address : null).OfType<IPAddress>().ToArray();
        foreach (var range in NodeRanges.Of(node))
        {
            if (Array.Find(addresses, address => address.AddressFamily == range.BaseAddress.AddressFamily) is { } gateway)
            {
                yield return new Route(range, gateway) { Protocol = Protocol };
            }
        }
    }
}
