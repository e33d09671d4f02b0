using System.Net;
using System.Net.Sockets;
using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Nftables.Expressions;
using Dataplane.Netlink.Route;
using Dataplane.Netlink.Uapi;
using Dataplane.TestKit;
using static Dataplane.Netlink.Nftables.NftRegister;
using static Dataplane.Netlink.Nftables.NftValue;

namespace Dataplane.Netlink.Tests.Nftables;

/// <summary>The same objects written by this encoder and by nft are the same bytes.</summary>
public sealed class NftBytesTests
{
    private static readonly NftTable Table = new(NftFamily.Ip, "dp");
    private static readonly NftTable Table6 = new(NftFamily.Ip6, "dp");

    private static readonly NftExpression[] IsTcp = [new Meta(MetaKey.TransportProtocol, R1), Compare.Equal(R1, Protocol(ProtocolType.Tcp))];

    /// <summary>NF_NAT_RANGE_PROTO_SPECIFIED: nft says so beside a constant port, the kernel knows it by itself (nft_nat.c, nft_redir.c).</summary>
    private const NatFlags PortGiven = (NatFlags)NfNatHeader.NF_NAT_RANGE_PROTO_SPECIFIED;

    private const string Objects = """
        add table ip dp
        add chain ip dp c
        add chain ip dp pre { type nat hook prerouting priority dstnat; policy accept; }
        add chain ip dp forwarding { type filter hook forward priority -5; policy drop; }
        add map ip dp services { type ipv4_addr . inet_proto . inet_service : verdict; }
        add map ip dp slots { type ipv4_addr . inet_proto . inet_service . mark : ipv4_addr . inet_service; }
        add set ip dp affinity { type ipv4_addr . inet_service; size 1000; flags dynamic,timeout; timeout 3h; }
        add set ip dp ranges { type ipv4_addr; flags interval; }
        add set ip dp boxes { type ipv4_addr . inet_service; flags interval; }
        add map ip dp marks { type ipv4_addr : mark; }
        add map ip dp clients { type ipv4_addr . inet_service : classid; size 1000; flags dynamic,timeout; }
        """;

    /// <summary>nft wants to be told that the last part of the key is a random number; the kernel does not ask.</summary>
    private const string TypeofEndpoints = """
        add map ip dp endpoints { typeof ip daddr . meta l4proto . th dport . numgen random mod 2 : ip daddr . th dport; }
        """;

    public static TheoryData<string, NftExpression[]> Rules() => new()
    {
        { "accept", [ImmediateVerdict.Accept] },
        { "drop", [ImmediateVerdict.Drop] },
        { "return", [ImmediateVerdict.Return] },
        { "jump other", [ImmediateVerdict.Jump("other")] },
        { "goto other", [ImmediateVerdict.Goto("other")] },
        { "counter drop", [new Counter(), ImmediateVerdict.Drop] },
        {
            "ip daddr . meta l4proto . th dport vmap @services",
            [Payload.Ipv4Destination(R1), new Meta(MetaKey.TransportProtocol, W1), Payload.DestinationPort(W2), new Lookup("services", R1, Verdict)]
        },
        {
            "dnat ip addr . port to ip daddr . meta l4proto . th dport . numgen random mod 3 map @endpoints",
            [
                Payload.Ipv4Destination(R1), new Meta(MetaKey.TransportProtocol, W1), Payload.DestinationPort(W2), new NumberGenerator(W3, 3),
                new Lookup("endpoints", R1, R1), new Nat(NatType.Destination, NftFamily.Ip, R1, W1),
            ]
        },
        {
            "fib daddr type local ip daddr != 127.0.0.0/8",
            [
                new Fib(FibFlags.Destination, FibResult.AddressType, R1), Compare.Equal(R1, U32((uint)RouteType.Local)),
                new Payload(R1, PayloadBase.Network, 16, 1), Compare.NotEqual(R1, U8(127)),
            ]
        },
        {
            "meta mark & 0x4000 != 0 meta mark set meta mark ^ 0x4000 masquerade fully-random",
            [
                new Meta(MetaKey.Mark, R1), Bitwise.And(R1, 0x4000), Compare.NotEqual(R1, U32(0)),
                new Meta(MetaKey.Mark, R1), Bitwise.ExclusiveOr(R1, 0x4000), new MetaSet(MetaKey.Mark, R1), new Masquerade(NatFlags.FullyRandom),
            ]
        },
        {
            "meta mark set meta mark | 0x4000",
            [new Meta(MetaKey.Mark, R1), Bitwise.Or(R1, 0x4000), new MetaSet(MetaKey.Mark, R1)]
        },
        {
            "ct mark set 0x7",
            [new Immediate(R1, U32(7)), new ConntrackSet(ConntrackKey.Mark, R1)]
        },
        {
            "ct status dnat ct state new,invalid",
            [
                new Conntrack(ConntrackKey.Status, R1), Bitwise.And(R1, (uint)ConntrackStatus.DestinationNat), Compare.NotEqual(R1, U32(0)),
                new Conntrack(ConntrackKey.State, R1), Bitwise.And(R1, (uint)(ConntrackState.New | ConntrackState.Invalid)),
                Compare.NotEqual(R1, U32(0)),
            ]
        },
        {
            "ct original ip daddr 10.96.0.1 meta l4proto tcp ct original proto-dst 80",
            [
                new Conntrack(ConntrackKey.Ipv4Destination, R1, ConntrackDirection.Original), Compare.Equal(R1, Address(IPAddress.Parse("10.96.0.1"))),
                .. IsTcp, new Conntrack(ConntrackKey.DestinationPort, R1, ConntrackDirection.Original), Compare.Equal(R1, Port(80)),
            ]
        },
        { "reject with icmp port-unreachable", [Reject.Ipv4PortUnreachable] },
        { "meta l4proto tcp reject with tcp reset", [.. IsTcp, Reject.TcpReset] },
        {
            "meta l4proto tcp dnat to 10.0.0.1:80",
            [.. IsTcp, new Immediate(R1, Address(IPAddress.Parse("10.0.0.1"))), new Immediate(R2, Port(80)), new Nat(NatType.Destination, NftFamily.Ip, R1, R2, PortGiven)]
        },
        {
            "snat to 10.0.0.1 random",
            [new Immediate(R1, Address(IPAddress.Parse("10.0.0.1"))), new Nat(NatType.Source, NftFamily.Ip, R1, Flags: NatFlags.Random)]
        },
        { "masquerade", [new Masquerade()] },
        { "meta l4proto tcp redirect to :15001", [.. IsTcp, new Immediate(R1, Port(15001)), new Redirect(R1, PortGiven)] },
        {
            "meta l4proto tcp tproxy to 127.0.0.1:15001",
            [
                .. IsTcp, new Immediate(R1, Address(IPAddress.Loopback)), new Immediate(R2, Port(15001)),
                new TransparentProxy(NftFamily.Ip, R1, R2),
            ]
        },
        { "socket transparent 1", [new SocketMatch(SocketKey.Transparent, R1), Compare.Equal(R1, U8(1))] },
        {
            "update @affinity { ip saddr . th dport timeout 1h }",
            [
                Payload.Ipv4Source(R1), Payload.DestinationPort(W1),
                new DynamicSet("affinity", DynamicSetOperation.Update, R1, Timeout: TimeSpan.FromHours(1)),
            ]
        },
        { "ip saddr != @ranges", [Payload.Ipv4Source(R1), new Lookup("ranges", R1, Invert: true)] },
        { "ip saddr @ranges", [Payload.Ipv4Source(R1), new Lookup("ranges", R1)] },
        { "meta mark set ip saddr map @marks", [Payload.Ipv4Source(R1), new Lookup("marks", R1, R1), new MetaSet(MetaKey.Mark, R1)] },
        {
            "meta priority set ip saddr . th dport map @clients",
            [Payload.Ipv4Source(R1), Payload.DestinationPort(W1), new Lookup("clients", R1, R1), new MetaSet(MetaKey.Priority, R1)]
        },
        {
            "update @clients { ip saddr . th dport timeout 1h : meta priority }",
            [
                Payload.Ipv4Source(R1), Payload.DestinationPort(W1), new Meta(MetaKey.Priority, R2),
                new DynamicSet("clients", DynamicSetOperation.Update, R1, R2, TimeSpan.FromHours(1)),
            ]
        },
        {
            "meta priority & 8000:0 != none meta priority set none",
            [
                new Meta(MetaKey.Priority, R1), Bitwise.And(R1, 0x8000_0000), Compare.NotEqual(R1, U32(0)),
                new Immediate(R1, U32(0)), new MetaSet(MetaKey.Priority, R1),
            ]
        },
        { "tcp dport != 80-90", [.. IsTcp, Payload.DestinationPort(R1), new RangeMatch(R1, Port(80), Port(90), Invert: true)] },
        {
            "meta l4proto tcp th sport >= 1024",
            [.. IsTcp, Payload.SourcePort(R1), new Compare(R1, CompareOperation.GreaterOrEqual, Port(1024))]
        },
        { "iifname \"eth0\"", [new Meta(MetaKey.InputName, R1), Compare.Equal(R1, InterfaceName("eth0"))] },
        { "meta mark set numgen inc mod 4 offset 2", [new NumberGenerator(R1, 4, NumberGeneratorType.Incremental, 2), new MetaSet(MetaKey.Mark, R1)] },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public async Task ARuleIsWhatNftSends(string rule, NftExpression[] expressions)
    {
        using var network = new TestNetwork();
        var host = network.AddHost("a");
        var script = $"{Objects}\n{TypeofEndpoints}\nadd chain ip dp other\nadd rule ip dp c {rule} comment \"a comment\"\n";
        var nft = await Tools.RunAsync(host.Namespace, "nft", ["--debug=mnl", "-f", "-"], script);
        nft.OutputOrThrow();
        var batch = new NftBatch();
        batch.AddRule(Table, "c", "a comment", expressions);

        Assert.Equal(MessageTree.OfNftOutput(nft.Output + nft.Error)[^1], Assert.Single(MessageTree.OfDatagram(batch.Finish(1))));

        // The kernel's own rendering of both is the same, too.
        using var nftables = NftablesConnection.Open(host.Namespace);
        nftables.Commit(batch);
        var rules = nftables.Rules(Table, "c");
        Assert.Equal(2, rules.Count);
        Assert.Equal(Convert.ToHexString(rules[0].Expressions.Span), Convert.ToHexString(rules[1].Expressions.Span));
    }

    [Fact]
    public async Task TablesChainsAndSetsAreWhatNftSends()
    {
        using var network = new TestNetwork();
        var nft = await Tools.RunAsync(network.AddHost("a").Namespace, "nft", ["--debug=mnl", "-f", "-"], Objects);
        nft.OutputOrThrow();

        var batch = new NftBatch();
        batch.AddTable(Table);
        batch.AddChain(Table, "c");
        batch.AddChain(Table, "pre", NftBaseChain.Nat(NftHook.Prerouting));
        batch.AddChain(Table, "forwarding", NftBaseChain.Filter(NftHook.Forward, -5) with { DropByDefault = true });
        NftType[] frontEnd = [NftType.Ipv4Address, NftType.InetProtocol, NftType.InetService];
        batch.AddMap(new NftMap(Table, "services", frontEnd, [NftType.Verdict]));
        batch.AddMap(new NftMap(Table, "slots", [.. frontEnd, NftType.Mark], [NftType.Ipv4Address, NftType.InetService]));
        batch.AddSet(new NftSet(Table, "affinity", NftType.Ipv4Address, NftType.InetService)
        {
            Size = 1000,
            Flags = NftSetFlags.Dynamic | NftSetFlags.Timeout,
            Timeout = TimeSpan.FromHours(3),
        });
        batch.AddSet(new NftSet(Table, "ranges", NftType.Ipv4Address) { Flags = NftSetFlags.Interval });
        batch.AddSet(new NftSet(Table, "boxes", NftType.Ipv4Address, NftType.InetService) { Flags = NftSetFlags.Interval });
        batch.AddMap(new NftMap(Table, "marks", [NftType.Ipv4Address], [NftType.Mark]));
        batch.AddMap(new NftMap(Table, "clients", [NftType.Ipv4Address, NftType.InetService], [NftType.ClassId])
        {
            Size = 1000,
            Flags = NftSetFlags.Dynamic | NftSetFlags.Timeout,
        });

        Assert.Equal(MessageTree.OfNftOutput(nft.Output + nft.Error), MessageTree.OfDatagram(batch.Finish(1)));
    }

    [Fact]
    public async Task ElementsAreWhatNftSends()
    {
        const string elements = """
            add element ip dp services { 10.96.0.1 . tcp . 80 : goto c }
            add element ip dp slots { 10.96.0.1 . tcp . 80 . 1 : 10.0.0.1 . 8080 }
            add element ip dp affinity { 10.0.0.1 . 80 timeout 1m }
            add element ip dp boxes { 10.0.0.0/8 . 80-90 }
            add element ip dp marks { 1.2.3.4 : 0x10 }
            delete element ip dp marks { 1.2.3.4 }
            flush map ip dp marks
            flush chain ip dp c
            delete table ip dp
            """;
        using var network = new TestNetwork();
        var host = network.AddHost("a");
        (await Tools.RunAsync(host.Namespace, "nft", ["-f", "-"], Objects)).OutputOrThrow();
        var nft = await Tools.RunAsync(host.Namespace, "nft", ["--debug=mnl", "-f", "-"], elements);
        nft.OutputOrThrow();

        var batch = new NftBatch();
        batch.AddElements(
            Table,
            "services",
            new NftElement(FrontEnd("10.96.0.1", ProtocolType.Tcp, 80), NftVerdict.Goto("c")));
        batch.AddElement(Table, "slots", new NftElement(
            Concat(FrontEnd("10.96.0.1", ProtocolType.Tcp, 80), U32(1)), Concat(Address(IPAddress.Parse("10.0.0.1")), Port(8080))));
        batch.AddElement(Table, "affinity", new NftElement(Concat(Address(IPAddress.Parse("10.0.0.1")), Port(80))) { Timeout = TimeSpan.FromMinutes(1) });
        batch.AddElement(Table, "boxes", new NftElement(Concat(Address(IPAddress.Parse("10.0.0.0")), Port(80)))
        {
            KeyEnd = Concat(Address(IPAddress.Parse("10.255.255.255")), Port(90)),
        });
        batch.AddElement(Table, "marks", new NftElement(Address(IPAddress.Parse("1.2.3.4")), U32(0x10)));
        batch.DeleteElement(Table, "marks", new NftElement(Address(IPAddress.Parse("1.2.3.4"))));
        batch.FlushSet(Table, "marks");
        batch.FlushChain(Table, "c");
        batch.DeleteTable(Table);

        Assert.Equal(MessageTree.OfNftOutput(nft.Output + nft.Error), MessageTree.OfDatagram(batch.Finish(1)));
    }

    [Fact]
    public async Task Ipv6RulesAreWhatNftSends()
    {
        using var network = new TestNetwork();
        var host = network.AddHost("a");
        (await Tools.RunAsync(host.Namespace, "nft", ["-f", "-"], "add table ip6 dp\nadd chain ip6 dp c\n")).OutputOrThrow();
        const string rule = "ip6 saddr fd00::1 ip6 daddr fd00::2 reject with icmpv6 port-unreachable";
        var nft = await Tools.RunAsync(host.Namespace, "nft", ["--debug=mnl", $"add rule ip6 dp c {rule}"]);
        nft.OutputOrThrow();
        var batch = new NftBatch();
        batch.AddRule(
            Table6,
            "c",
            Payload.Ipv6Source(R1),
            Compare.Equal(R1, Address(IPAddress.Parse("fd00::1"))),
            Payload.Ipv6Destination(R1),
            Compare.Equal(R1, Address(IPAddress.Parse("fd00::2"))),
            Reject.Ipv6PortUnreachable);

        Assert.Equal(MessageTree.OfNftOutput(nft.Output + nft.Error), MessageTree.OfDatagram(batch.Finish(1)));
    }

    private static NftValue FrontEnd(string address, ProtocolType protocol, int port) =>
        Concat(Address(IPAddress.Parse(address)), Protocol(protocol), Port(port));
}
