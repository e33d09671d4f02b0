using System.Net;
using System.Net.Sockets;
using Dataplane.Api;
using Dataplane.Kubelet.Network;
using Dataplane.TestKit;

namespace Dataplane.Kubelet.Tests.Network;

/// <summary>The agent's own network on a real kernel, without pods' processes.</summary>
public sealed class SandboxNetworkTests : IDisposable
{
    private const string First = "11111111-aaaa";
    private const string Second = "22222222-bbbb";
    private readonly TestNetwork _machines = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("dp-t-").FullName;
    private readonly TestHost _node;

    public SandboxNetworkTests() => _node = _machines.AddHost("node");

    public void Dispose()
    {
        _node.Dispose();
        _machines.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData(PodNetworkLayout.Bridge)]
    [InlineData(PodNetworkLayout.PointToPoint)]
    public async Task PodsReachEachOtherThemselvesAndTheNodeInBothFamilies(PodNetworkLayout layout)
    {
        using var network = Open(layout);
        var (one, two) = (_machines.AddHost("one"), _machines.AddHost("two"));
        var first = await network.ConnectAsync(new PodNetworkRequest(First), one.Namespace, default);
        var second = await network.ConnectAsync(new PodNetworkRequest(Second), two.Namespace, default);
        Assert.Equal(["10.244.7.2", "fd00:10:244:7::2"], first.Select(address => address.ToString()));
        foreach (var (from, to, at) in new[] { (one, second, two), (two, first, one), (_node, first, one) })
        {
            foreach (var address in to)
            {
                using var listener = at.Listen(address.ToString(), 8080);
                Connect(from, address);
            }
        }

        foreach (var gateway in (string[])["10.244.7.1", "fd00:10:244:7::1"])
        {
            using var listener = _node.Listen(gateway, 8081);
            Connect(one, IPAddress.Parse(gateway), 8081);
        }
    }

    [Theory]
    [InlineData(PodNetworkLayout.Bridge)]
    [InlineData(PodNetworkLayout.PointToPoint)]
    public async Task ADisconnectedPodHearsNothingAndItsAddressWorksForTheNext(PodNetworkLayout layout)
    {
        using var network = Open(layout, "10.244.7.0/28");
        var (old, next) = (_machines.AddHost("old"), _machines.AddHost("next"));
        var held = await network.ConnectAsync(new PodNetworkRequest(First), old.Namespace, default);
        using (old.Listen(held[0].ToString(), 8080))
        {
            Connect(_node, held[0]);
            await network.DisconnectAsync(First);
            await network.DisconnectAsync(First);
            using var deaf = _node.Socket(SocketType.Stream, ProtocolType.Tcp);
            using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
            await Assert.ThrowsAnyAsync<Exception>(async () => await deaf.ConnectAsync(new IPEndPoint(held[0], 8080), limit.Token));
        }

        // Round the whole range, until the address comes up again, with the old pod's namespace still there.
        IReadOnlyList<IPAddress> now = [];
        for (var number = 0; number < 14 && (now.Count == 0 || !now[0].Equals(held[0])); number++)
        {
            if (now.Count > 0)
            {
                await network.DisconnectAsync(Second);
                next.Dispose();
                next = _machines.AddHost($"next{number}");
            }

            now = await network.ConnectAsync(new PodNetworkRequest(Second), next.Namespace, default);
        }

        Assert.Equal(held[0], now[0]);
        using var listener = next.Listen(now[0].ToString(), 8080);
        Connect(_node, now[0]);
    }

    [Fact]
    public async Task AStaleDeviceOfTheSamePodIsReplaced()
    {
        using var network = Open(PodNetworkLayout.Bridge);
        var (crashed, again) = (_machines.AddHost("crashed"), _machines.AddHost("again"));
        var before = await network.ConnectAsync(new PodNetworkRequest(First), crashed.Namespace, default);
        var after = await network.ConnectAsync(new PodNetworkRequest(First), again.Namespace, default);
        Assert.Equal(before, after);
        Assert.Null(crashed.Route.FindLink("eth0"));
        using var listener = again.Listen(after[0].ToString(), 8080);
        Connect(_node, after[0]);
    }

    [Fact]
    public async Task TheDeviceGoesWithItsNamespaceOrWithoutIt()
    {
        using var network = Open(PodNetworkLayout.Bridge);
        var pod = _machines.AddHost("pod");
        await network.ConnectAsync(new PodNetworkRequest(First), pod.Namespace, default);
        await network.DisconnectAsync(First);

        // Its namespace stays, as when something keeps it open.
        await Eventually.HoldsAsync(() => _node.Route.FindLink(PodNetwork.DeviceOf(First)) is null, "the node's end of the pair is gone");
        Assert.Null(pod.Route.FindLink("eth0"));
    }

    [Fact]
    public async Task TheNextAgentKeepsWhatPodsShowAndRemovesWhatNobodyKnows()
    {
        var (kept, orphan) = (_machines.AddHost("kept"), _machines.AddHost("orphan"));
        IReadOnlyList<IPAddress> addresses;
        using (var before = Open(PodNetworkLayout.Bridge))
        {
            addresses = await before.ConnectAsync(new PodNetworkRequest(First), kept.Namespace, default);
            await before.ConnectAsync(new PodNetworkRequest(Second), orphan.Namespace, default);
        }

        using var after = new PodNetwork(Options(PodNetworkLayout.Bridge));
        var connecting = after.ConnectAsync(new PodNetworkRequest("33333333-cccc"), _machines.AddHost("new").Namespace, default);
        Assert.False(connecting.IsCompleted);
        after.Reconcile([Shown(First, addresses)]);
        Assert.Equal("10.244.7.4", (await connecting)[0].ToString());
        Assert.Equal(addresses, await after.AdoptAsync(new PodNetworkRequest(First), kept.Namespace, default));
        Assert.Empty(await after.AdoptAsync(new PodNetworkRequest(Second), orphan.Namespace, default));
        Assert.Null(_node.Route.FindLink(PodNetwork.DeviceOf(Second)));
        using var listener = kept.Listen(addresses[0].ToString(), 8080);
        Connect(_node, addresses[0]);
    }

    [Fact]
    public async Task ALostJournalIsMadeUpForByWhatPodsShow()
    {
        using var network = new PodNetwork(Options(PodNetworkLayout.Bridge));
        network.Reconcile([Shown(First, [IPAddress.Parse("10.244.7.2"), IPAddress.Parse("fd00:10:244:7::2")])]);
        var other = await network.ConnectAsync(new PodNetworkRequest(Second), _machines.AddHost("other").Namespace, default);
        Assert.Equal("10.244.7.3", other[0].ToString());
    }

    [Fact]
    public async Task PacketsAreAsLargeAsTheNodesOwnDeviceTakes()
    {
        var gateway = _machines.AddHost("gateway");
        _machines.Connect(_node, "eth0", "172.30.7.1/24", gateway, "eth0", "172.30.7.2/24");
        _node.Route.SetMtu(_node.Route.GetLink("eth0").Index, 1400);
        _node.AddRoute("0.0.0.0/0", "172.30.7.2");
        using var network = new PodNetwork(Options(PodNetworkLayout.Bridge) with { Encapsulation = 50 });
        network.Reconcile([]);
        var pod = _machines.AddHost("pod");
        await network.ConnectAsync(new PodNetworkRequest(First), pod.Namespace, default);
        Assert.Equal((1350, 1350), (pod.Route.GetLink("eth0").Mtu, _node.Route.GetLink(PodNetwork.DeviceOf(First)).Mtu));
    }

    private static Pod Shown(string uid, IReadOnlyList<IPAddress> addresses) => new()
    {
        Metadata = new ObjectMeta { UID = uid, Name = "pod", Namespace = "default" },
        Status = new PodStatus { Phase = "Running", PodIPs = [.. addresses.Select(address => new PodIP { IP = address.ToString() })] },
    };

    private static void Connect(TestHost from, IPAddress to, int port = 8080) =>
        Assert.True(SpinWait.SpinUntil(() => IsConnected(from, to, port), TimeSpan.FromSeconds(60)));

    /// <returns>False while the kernel has no route: it makes those of new IPv6 addresses in the background (net/ipv6/addrconf.c, addrconf_dad_work).</returns>
    private static bool IsConnected(TestHost from, IPAddress to, int port)
    {
        using var socket = from.Namespace.Invoke(() => new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        try
        {
            socket.Connect(to, port);
            return true;
        }
        catch (SocketException early) when (early.SocketErrorCode is SocketError.NetworkUnreachable or SocketError.HostUnreachable)
        {
            return false;
        }
    }

    private PodNetwork Open(PodNetworkLayout layout, string range = "10.244.7.0/24")
    {
        var network = new PodNetwork(Options(layout) with { Ranges = [IPNetwork.Parse(range), IPNetwork.Parse("fd00:10:244:7::/64")] });
        network.Reconcile([]);
        return network;
    }

    private PodNetworkOptions Options(PodNetworkLayout layout) => new()
    {
        Node = _node.Namespace,
        Ranges = [IPNetwork.Parse("10.244.7.0/24"), IPNetwork.Parse("fd00:10:244:7::/64")],
        Journal = Path.Combine(_directory, "addresses"),
        Layout = layout,
    };
}
