using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Dataplane.Linux.Sockets;
using Dataplane.Netlink.Route;
using Dataplane.TestKit;
using IpRoute = Dataplane.Netlink.Route.Route;

namespace Dataplane.Netlink.Tests.Route;

/// <summary>The same change asked for by this encoder and by <c>ip</c> (seen through strace) is the same bytes.</summary>
public sealed partial class IpBytesTests
{
    private const int NETLINK_ROUTE = 0;

    /// <summary>Both sides work on a namespace with lo 1, eth0 2 (10.0.0.1/24, fd00::1/64, a cable to another one's eth0) and br0 3.</summary>
    private const int Eth0 = 2;

    private const int Br0 = 3;

    private static readonly IPAddress Gateway = IPAddress.Parse("10.0.0.2");

    private sealed record Row(string Ip, Action<RouteConnection, TestHost> Change);

    private static readonly Row[] Rows =
    [
        new("link add br1 type bridge", (route, _) => route.CreateBridge("br1")),
        new("link add veth0 type veth peer name veth1 netns PEER", (route, peer) => route.CreateVeth("veth0", "veth1", peer.Namespace)),
        new(
            "link add veth0 up master br0 type veth peer name veth1 netns PEER",
            (route, peer) => route.CreateVeth("veth0", "veth1", peer.Namespace, Br0, up: true)),
        new("link set dev eth0 up", (route, _) => route.SetUp(Eth0)),
        new("link set dev eth0 down", (route, _) => route.SetUp(Eth0, up: false)),
        new("link set dev eth0 mtu 1400", (route, _) => route.SetMtu(Eth0, 1400)),
        new("link set dev eth0 master br0", (route, _) => route.SetMaster(Eth0, Br0)),
        new("link delete dev br0", (route, _) => route.DeleteLink(Br0)),
        new("address replace 10.9.0.1/16 dev eth0", (route, _) => route.AddAddress(Eth0, IPAddress.Parse("10.9.0.1"), 16)),
        new("address replace fd01::1/64 dev eth0 nodad", (route, _) => route.AddAddress(Eth0, IPAddress.Parse("fd01::1"), 64)),
        new("address delete 10.0.0.1/24 dev eth0", (route, _) => route.DeleteAddress(Eth0, IPAddress.Parse("10.0.0.1"), 24)),
        new("route replace default via 10.0.0.2 proto static", (route, _) => route.ReplaceRoute(new IpRoute(IPNetwork.Parse("0.0.0.0/0"), Gateway))),
        new(
            "route replace 10.1.0.0/16 via 10.0.0.2 dev eth0 proto static",
            (route, _) => route.ReplaceRoute(new IpRoute(IPNetwork.Parse("10.1.0.0/16"), Gateway, Eth0))),
        new(
            "route replace 10.1.0.0/16 dev eth0 proto static table 1000",
            (route, _) => route.ReplaceRoute(new IpRoute(IPNetwork.Parse("10.1.0.0/16"), LinkIndex: Eth0, Table: 1000))),
        new(
            "route replace local default dev lo proto static table 100",
            (route, _) => route.ReplaceRoute(new IpRoute(IPNetwork.Parse("0.0.0.0/0"), LinkIndex: 1, Table: 100) { Type = RouteType.Local })),
        new(
            "route replace 10.1.0.0/16 via 192.0.2.1 dev eth0 proto static onlink",
            (route, _) => route.ReplaceRoute(new IpRoute(IPNetwork.Parse("10.1.0.0/16"), IPAddress.Parse("192.0.2.1"), Eth0) { OnLink = true })),
        new(
            "-6 route replace fd02::/64 via fd00::2 dev eth0 proto static",
            (route, _) => route.ReplaceRoute(new IpRoute(IPNetwork.Parse("fd02::/64"), IPAddress.Parse("fd00::2"), Eth0))),
        new("rule add priority 99 fwmark 0x40/0xff lookup 100", (route, _) => route.AddRule(new RoutingRule(AddressFamily.InterNetwork, 0x40, 0xff, 100, 99))),
        new(
            "neighbour replace 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent",
            (route, _) => route.ReplaceNeighbour(Eth0, IPAddress.Parse("10.0.0.9"), PhysicalAddress.Parse("020000000009"))),
    ];

    public static TheoryData<string> Commands() => [.. Rows.Select(row => row.Ip)];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task AChangeIsWhatIpSends(string command)
    {
        using var theirs = new TestNetwork();
        using var ours = new TestNetwork();
        var (theirHost, theirPeer) = Build(theirs);
        var (ourHost, ourPeer) = Build(ours);

        string[] arguments = ["-f", "-qq", "-e", "trace=sendmsg", "-e", "write=all", Tools.Require("ip"), .. command.Replace("PEER", theirPeer.Namespace.Name).Split(' ')];
        var traced = await Tools.RunAsync(theirHost.Namespace, "strace", arguments);
        traced.OutputOrThrow();

        using var socket = new RecordingSocket(NetlinkSocket.Open(NETLINK_ROUTE, ourHost.Namespace));
        using var route = new RouteConnection(new NetlinkConnection(socket, RouteHeaders.LengthOf));
        Rows.Single(row => row.Ip == command).Change(route, ourPeer);

        Assert.Equal(Comparable(Changes(Datagrams(traced.Error))), Comparable(Changes(socket.Sent)));
    }

    private static (TestHost Host, TestHost Peer) Build(TestNetwork network)
    {
        var (host, peer) = (network.AddHost("a"), network.AddHost("b"));
        network.Connect(host, "eth0", "10.0.0.1/24", peer, "eth0", "10.0.0.2/24");
        host.AddAddress("eth0", "fd00::1/64");
        Assert.Equal(Br0, host.Route.CreateBridge("br0"));
        return (host, peer);
    }

    /// <summary>strace dumps what is written as lines <c> | 00010  00 11 ... | text |</c>, from 00000 for each datagram.</summary>
    private static List<byte[]> Datagrams(string trace)
    {
        var datagrams = new List<byte[]>();
        foreach (Match line in DumpLine().Matches(trace))
        {
            var bytes = Convert.FromHexString(line.Groups[2].Value.Replace(" ", ""));
            if (line.Groups[1].Value == "00000")
            {
                datagrams.Add(bytes);
            }
            else
            {
                datagrams[^1] = [.. datagrams[^1], .. bytes];
            }
        }

        return datagrams;
    }

    /// <summary>Without questions: of the four message types of a kind of object the third asks.</summary>
    private static IEnumerable<byte[]> Changes(IEnumerable<byte[]> datagrams) =>
        datagrams.Where(datagram => (BinaryPrimitives.ReadUInt16LittleEndian(datagram.AsSpan(4)) & 3) != 2);

    /// <summary>Hexadecimal with the sequence number left out, and the number of the open namespace file, which is the process's own.</summary>
    private static List<string> Comparable(IEnumerable<byte[]> datagrams) =>
        [.. datagrams.Select(datagram => NamespaceFile().Replace($"{Convert.ToHexString(datagram[..8])} {Convert.ToHexString(datagram[12..])}", "$1........"))];

    [GeneratedRegex(@"^ \| ([0-9a-f]{5})  ((?:[0-9a-f]{2} ?[ ]?){1,16}) ", RegexOptions.Multiline)]
    private static partial Regex DumpLine();

    [GeneratedRegex("(08001C00)[0-9A-F]{8}")]
    private static partial Regex NamespaceFile();
}
