using System.Net;
using System.Net.Sockets;
using Dataplane.Netlink.Nftables;
using Dataplane.TestKit;

namespace Dataplane.Netlink.Tests.Nftables;

public sealed class ServiceRulesetTests
{
    private static readonly IPEndPoint FrontEnd = IPEndPoint.Parse("10.96.0.1:80");

    [Fact]
    public async Task ConnectionsToAFrontEndReachEveryBackEndAndFollowChanges()
    {
        using var network = new TestNetwork();
        var client = network.AddHost("client");
        var server = network.AddHost("server");
        network.Connect(client, "eth0", "10.0.0.1/24", server, "eth0", "10.0.0.2/24");
        client.AddRoute("10.96.0.0/16", "10.0.0.2");
        using var first = server.Listen("10.0.0.2", 8001);
        using var second = server.Listen("10.0.0.2", 8002);
        using var nftables = NftablesConnection.Open(server.Namespace);
        var ruleset = new ServiceRuleset("dp");

        var batch = ruleset.Skeleton(1, 2);
        ruleset.AddService(batch, FrontEnd, IPEndPoint.Parse("10.0.0.2:8001"), IPEndPoint.Parse("10.0.0.2:8002"));
        nftables.Commit(batch);

        var reached = new HashSet<int>();
        for (var attempt = 0; attempt < 200 && reached.Count < 2; attempt++)
        {
            reached.Add(await ConnectAsync(client, first, second));
        }

        Assert.Equal([8001, 8002], reached.Order());

        // Two back ends become one: the verdict is re-pointed and the slots replaced in one transaction.
        var change = new NftBatch();
        change.DeleteElements(ruleset.Table, ServiceRuleset.Services, new NftElement(ServiceRuleset.Key(FrontEnd)));
        change.DeleteElements(
            ruleset.Table,
            ServiceRuleset.Endpoints,
            new NftElement(ServiceRuleset.Key(FrontEnd, 0)),
            new NftElement(ServiceRuleset.Key(FrontEnd, 1)));
        ruleset.AddService(change, FrontEnd, IPEndPoint.Parse("10.0.0.2:8002"));
        nftables.Commit(change);
        for (var attempt = 0; attempt < 20; attempt++)
        {
            Assert.Equal(8002, await ConnectAsync(client, first, second));
        }
    }

    [Fact]
    public async Task NftListsWhatWasLoaded()
    {
        using var network = new TestNetwork();
        var host = network.AddHost("a");
        using var nftables = NftablesConnection.Open(host.Namespace);
        var ruleset = new ServiceRuleset("dp");
        var batch = ruleset.Skeleton(2);
        ruleset.AddService(batch, FrontEnd, IPEndPoint.Parse("10.0.0.2:8001"), IPEndPoint.Parse("10.0.0.3:8002"));
        nftables.Commit(batch);
        nftables.Commit(batch);

        var listed = (await Tools.RunAsync(host.Namespace, "nft", ["list", "ruleset"])).OutputOrThrow();

        string[] expected =
        [
            "type ipv4_addr . inet_proto . inet_service : verdict",
            "elements = { 10.96.0.1 . tcp . 80 : goto lb-2 }",
            "type ipv4_addr . inet_proto . inet_service . mark : ipv4_addr . inet_service",
            "10.96.0.1 . tcp . 80 . 0x00000000 : 10.0.0.2 . 8001",
            "10.96.0.1 . tcp . 80 . 0x00000001 : 10.0.0.3 . 8002",
            "dnat ip to ip daddr . meta l4proto . th dport . numgen random mod 2 map @endpoints",
            "type nat hook prerouting priority dstnat; policy accept;",
            "ip daddr . meta l4proto . th dport vmap @services",
        ];
        Assert.All(expected, line => Assert.Contains(line, listed));
    }

    [Fact]
    public void ListingsGiveBackWhatWasLoaded()
    {
        using var network = new TestNetwork();
        using var nftables = NftablesConnection.Open(network.AddHost("a").Namespace);
        var ruleset = new ServiceRuleset("dp");
        var batch = ruleset.Skeleton(2);
        ruleset.AddService(batch, FrontEnd, IPEndPoint.Parse("10.0.0.2:8001"), IPEndPoint.Parse("10.0.0.3:8002"));
        batch.AddTable(new NftTable(NftFamily.Ip6, "other"));
        batch.AddChain(new NftTable(NftFamily.Ip6, "other"), "x", new NftBaseChain("filter", NftHook.Forward, -5, DropByDefault: true));
        nftables.Commit(batch);

        Assert.Equal(["ip dp", "ip6 other"], nftables.Tables().Select(table => table.Table.ToString()).Order());
        Assert.Equal(ruleset.Table, Assert.Single(nftables.Tables(NftFamily.Ip)).Table);
        Assert.NotNull(nftables.FindTable(ruleset.Table));
        Assert.Null(nftables.FindTable(new NftTable(NftFamily.Ip6, "dp")));
        Assert.Equal(["lb-2", "nat-output", "nat-prerouting"], nftables.Chains(ruleset.Table).Select(chain => chain.Name).Order());
        Assert.Equal(NftBaseChain.Nat(NftHook.Output), nftables.Chains(ruleset.Table).Single(chain => chain.Name == "nat-output").Base);
        Assert.Equal(
            new NftBaseChain("filter", NftHook.Forward, -5, true),
            Assert.Single(nftables.Chains(new NftTable(NftFamily.Ip6, "other"))).Base);
        Assert.Equal(["endpoints", "services"], nftables.Sets(ruleset.Table).Select(set => set.Name).Order());
        Assert.Equal(new NftType(29453, 12), nftables.Sets(ruleset.Table).Single(set => set.Name == "services").KeyType);
        Assert.Equal(
            new NftElement(ServiceRuleset.Key(FrontEnd), NftVerdict.Goto("lb-2")),
            Assert.Single(nftables.Elements(ruleset.Table, ServiceRuleset.Services)));
        Assert.Equal(
            ["10.0.0.2:8001", "10.0.0.3:8002"],
            nftables.Elements(ruleset.Table, ServiceRuleset.Endpoints).Select(element => ReadEndPoint(element.Data!.Value)).Order());
        Assert.Equal(3, nftables.Rules(ruleset.Table).Count);
        Assert.Single(nftables.Rules(ruleset.Table, "lb-2"));
        Assert.Empty(nftables.Rules(new NftTable(NftFamily.Ip, "none")));
        Assert.Equal(2, Assert.Throws<NetlinkException>(() => nftables.Elements(ruleset.Table, "none")).Errno);
    }

    [Fact]
    public void ATransactionOfAHundredThousandElementsIsWhole()
    {
        using var network = new TestNetwork();
        using var nftables = NftablesConnection.Open(network.AddHost("a").Namespace);
        var ruleset = new ServiceRuleset("dp");
        var batch = ruleset.Skeleton(10);
        var backEnds = Enumerable.Range(1, 10).Select(i => new IPEndPoint(new IPAddress([10, 1, 0, (byte)i]), 80)).ToArray();
        for (var i = 0; i < 10_000; i++)
        {
            ruleset.AddService(batch, new IPEndPoint(new IPAddress([10, 96, (byte)(i >> 8), (byte)i]), 80), backEnds);
        }

        nftables.Commit(batch);

        Assert.Equal(10_000, nftables.Elements(ruleset.Table, ServiceRuleset.Services).Select(element => element.Key).Distinct().Count());
        Assert.Equal(100_000, nftables.Elements(ruleset.Table, ServiceRuleset.Endpoints).Select(element => element.Key).Distinct().Count());
    }

    /// <summary>Connects to the front end.</summary>
    /// <returns>The port of the listener that accepted.</returns>
    private static async Task<int> ConnectAsync(TestHost client, Socket first, Socket second)
    {
        using var cancel = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var socket = client.Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(FrontEnd, cancel.Token);
        Assert.Equal(FrontEnd, socket.RemoteEndPoint);
        while (!first.Poll(0, SelectMode.SelectRead) && !second.Poll(0, SelectMode.SelectRead))
        {
            cancel.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        var listener = first.Poll(0, SelectMode.SelectRead) ? first : second;
        using var accepted = await listener.AcceptAsync(cancel.Token);
        return ((IPEndPoint)listener.LocalEndPoint!).Port;
    }

    private static string ReadEndPoint(NftValue value) => new IPEndPoint(new IPAddress(value.Bytes[..4]), (value.Bytes[4] << 8) | value.Bytes[5]).ToString();
}
