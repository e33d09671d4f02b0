using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Dataplane.Netlink.Ipvs;
using Dataplane.Proxy.Ipvs;
using Dataplane.Proxy.Ipvs.Rules;
using Dataplane.Proxy.Tests.Kernel;
using Dataplane.Proxy.Tests.Scenarios;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.Ipvs;

/// <summary>What mode ipvs does beyond the scenario table, seen by ipvsadm, ipset and sockets; run by <see cref="IpvsKernelTests"/>.</summary>
public sealed class IpvsModeTests : IClassFixture<IpvsScenarioTests.Rig>, IDisposable
{
    private static readonly TimeSpan Limit = HeldConnections.Limit;

    private readonly IpvsScenarioTests.Rig _rig;
    private readonly ManualTime _time = new();
    private readonly HeldConnections _held;

    public IpvsModeTests(IpvsScenarioTests.Rig rig) => (_rig, _held) = (rig, new HeldConnections(rig.Network));

    public void Dispose() => _held.Dispose();

    [Fact(Explicit = true)]
    public async Task ToolsShowWhatKubeProxyWouldMake()
    {
        await using var mode = Start();
        mode.Apply(null, new Cluster()
            .Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], s => s.Spec.SessionAffinity = "ClientIP").Slice("web", "8080", "10.244.1.5 here", "10.244.2.5")
            .Service("dns", "10.96.0.10", [new() { Port = 53, Protocol = "UDP" }]).Slice("dns", "/UDP:5353", "10.244.1.6 here").Plan());

        var services = string.Join(' ', (await RunAsync("ipvsadm", "-Ln")).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("TCP 10.96.0.1:80 rr persistent 10800 ->", services);
        Assert.Contains("-> 10.244.1.5:8080 Masq 1 0 0", services);
        Assert.Contains("-> 10.244.2.5:8080 Masq 1 0 0", services);
        Assert.Contains("TCP 172.30.0.11:30080 rr persistent 10800", services);
        Assert.Contains("UDP 10.96.0.10:53 rr -> 10.244.1.6:5353 Masq 1 0 0", services);
        var sets = await RunAsync("ipset", "save", "-sorted");
        foreach (var element in new[]
        {
            "KUBE-CLUSTER-IP 10.96.0.1,tcp:80", "KUBE-CLUSTER-IP 10.96.0.10,udp:53", "KUBE-LOOP-BACK 10.244.1.5,tcp:8080,10.244.1.5", "KUBE-NODE-PORT-TCP 30080",
            "KUBE-IPVS-IPS 10.96.0.1",
        })
        {
            Assert.Contains($"add {element}\n", sets);
        }

        Assert.DoesNotContain("KUBE-LOOP-BACK 10.244.2.5", sets);
        Assert.Contains("10.96.0.10/32", await RunAsync("ip", "address", "show", "dev", "kube-ipvs0"));
        var rules = await RunAsync("iptables-legacy-save");
        Assert.Contains("-A KUBE-SERVICES ! -s 10.244.0.0/16 -m comment --comment \"Kubernetes service cluster ip + port for masquerade purpose\" " +
            "-m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ", rules);
        Assert.Contains("-m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE", rules);

        // Nothing of it is left, and others' things are not touched.
        mode.Cleanup();
        Assert.DoesNotContain("KUBE", await RunAsync("iptables-legacy-save") + await RunAsync("ipset", "save"));
        Assert.DoesNotContain("->", (await RunAsync("ipvsadm", "-Ln")).Split("RemoteAddress:Port")[1]);
        Assert.DoesNotContain("kube-ipvs0", await RunAsync("ip", "link"));
    }

    [Theory(Explicit = true)]
    [InlineData("ipvsadm", "-C")]
    [InlineData("ipvsadm", "-d", "-t", "10.96.0.1:80", "-r", "10.244.1.5:8080")]
    [InlineData("ipset", "flush", "KUBE-CLUSTER-IP")]
    [InlineData("ip", "link", "delete", "kube-ipvs0")]
    [InlineData("ip", "address", "delete", "10.96.0.1/32", "dev", "kube-ipvs0")]
    [InlineData("iptables-legacy", "-t", "nat", "-F")]
    [InlineData("iptables-legacy", "-F", "INPUT")]
    public async Task WhatSomebodyChangesIsRepaired(params string[] command)
    {
        await using var mode = Start();
        var plan = Web().Plan();
        mode.Apply(null, plan);
        Assert.True(mode.IsIntact());
        await RunAsync(command[0], command[1..]);
        Assert.False(mode.IsIntact());
        mode.Apply(null, plan);
        Assert.True(mode.IsIntact());
        await ProbeAsync("pod-c tcp 10.96.0.1:80 > a b");
    }

    [Fact(Explicit = true)]
    public async Task ARestartKeepsConnections()
    {
        _held.Serve("pod-a", "10.244.1.5");
        var plan = Held("10.244.1.5 here").Plan();
        Socket client;
        await using (var mode = Start())
        {
            mode.Apply(null, plan);
            client = await _held.OpenAsync("pod-c", "10.96.0.7");
        }

        await HeldConnections.EchoAsync(client);
        await using var again = Start();
        again.Apply(null, plan);
        await HeldConnections.EchoAsync(client);
        // IPVS adds its processors' counters up every two seconds (ip_vs_est.c).
        using var limit = new CancellationTokenSource(Limit);
        while (!again.Traffic().Any(count => count.FrontEnd.Equals(IPEndPoint.Parse("10.96.0.7:80")) && count is { Connections: >= 1, Packets: >= 8, Bytes: > 400 }))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), limit.Token);
        }

        again.Cleanup();
    }

    /// <summary>Connections of an endpoint that goes are let go on; it leaves when the last one has.</summary>
    [Fact(Explicit = true)]
    public async Task AnEndpointDrains()
    {
        _held.Serve("pod-a", "10.244.1.5");
        _held.Serve("pod-b", "10.244.1.6");
        await using var mode = Start();
        var cluster = Held("10.244.1.5 here");
        var before = cluster.Plan();
        mode.Apply(null, before);
        var client = await _held.OpenAsync("pod-c", "10.96.0.7");
        var after = cluster.Slice("held", "held", "7000", ["10.244.1.6 here"]).Plan();
        mode.Apply(before, after);

        await HeldConnections.EchoAsync(client);
        var other = await _held.OpenAsync("pod-c", "10.96.0.7");
        await HeldConnections.EchoAsync(other);
        Assert.Equal([("10.244.1.5:7000", 0u), ("10.244.1.6:7000", 1u)], Weights("10.96.0.7"));
        Assert.True(mode.IsIntact());

        // All endpoints gone: who is connected stays so, who comes is refused.
        var none = cluster.Slice("held", "held", "7000", []).Plan();
        mode.Apply(after, none);
        await HeldConnections.EchoAsync(client);
        await HeldConnections.EchoAsync(other);
        await ProbeAsync("pod-c tcp 10.96.0.7:80 > reject");

        HeldConnections.Reset(client);
        HeldConnections.Reset(other);
        using var limit = new CancellationTokenSource(Limit);
        while (Weights("10.96.0.7").Count > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), limit.Token);
            _time.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.True(mode.IsIntact());
        mode.Cleanup();
    }

    [Fact(Explicit = true)]
    public async Task ADatagramsEndpointGoesAtOnce()
    {
        await using var mode = Start();
        var cluster = new Cluster().Service("web", "10.96.0.1", [new() { Port = 80, Protocol = "UDP" }]).Slice("s", "web", "/UDP:8080", ["10.244.1.5 here"]);
        var before = cluster.Plan();
        mode.Apply(null, before);
        await ProbeAsync("pod-c udp 10.96.0.1:80 > a");
        mode.Apply(before, cluster.Slice("s", "web", "/UDP:8080", ["10.244.1.6 here"]).Plan());
        Assert.Equal([("10.244.1.6:8080", 1u)], Weights("10.96.0.1", 17));
    }

    /// <summary>k/k #72236: what listens on all addresses of the node does not listen on the Services'.</summary>
    [Fact(Explicit = true)]
    public async Task TheNodesPortsAreNotOnServiceAddresses()
    {
        await using var mode = Start();
        mode.Apply(null, Web().Plan());
        using var listener = _rig.Network.Node.Listen("0.0.0.0", 2222);
        await ProbeAsync("pod-c tcp 10.96.0.1:2222 > reject", "client tcp 10.96.0.1:2222 > reject");
        using var client = _rig.Network["client"].Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPEndPoint.Parse("172.30.0.11:2222")).WaitAsync(Limit);
        using var ping = _rig.Network["pod-c"].Socket(SocketType.Raw, ProtocolType.Icmp);
        await ping.SendToAsync(new byte[] { 8, 0, 0xF7, 0xFF, 0, 0, 0, 0 }, new IPEndPoint(IPAddress.Parse("10.96.0.1"), 0));
        var answer = new byte[64];
        await ping.ReceiveAsync(answer).WaitAsync(Limit);
        Assert.Equal(0, answer[20]);
    }

    /// <summary>k/k #66103: a program of the node may have the port that a NodePort has.</summary>
    [Fact(Explicit = true)]
    public async Task ANodePortLeavesThePortFree()
    {
        await using var mode = Start();
        var cluster = Web();
        var plan = cluster.Plan();
        mode.Apply(null, plan);
        using var listener = _rig.Network.Node.Listen("0.0.0.0", 30080);
        await ProbeAsync("client tcp 172.30.0.11:30080 > a* b*");
        mode.Apply(plan, cluster.Delete("web").Plan());
        using var client = _rig.Network["client"].Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPEndPoint.Parse("172.30.0.11:30080")).WaitAsync(Limit);
        using var accepted = await listener.AcceptAsync();
    }

    /// <summary>k/k #81775: a client that uses a port again need not send its SYN twice.</summary>
    [Fact(Explicit = true)]
    public async Task APortIsUsedAgainWithoutDelay()
    {
        await using var mode = Start();
        mode.Apply(null, Web().Plan());
        for (var round = 0; round < 6; round++)
        {
            using var client = _rig.Network["pod-c"].Socket(SocketType.Stream, ProtocolType.Tcp);
            client.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            client.Bind(new IPEndPoint(IPAddress.Any, 45678));
            await client.ConnectAsync(IPEndPoint.Parse("10.96.0.1:80")).WaitAsync(Limit);
            Assert.True(await client.ReceiveAsync(new byte[64]) > 0);
            // struct tcp_info: tcpi_total_retrans.
            var info = new byte[104];
            client.GetRawSocketOption(6, 11, info);
            Assert.Equal(0u, BinaryPrimitives.ReadUInt32LittleEndian(info.AsSpan(100)));
            HeldConnections.Reset(client);
        }
    }

    [Fact(Explicit = true)]
    public async Task AServiceChoosesItsScheduler()
    {
        await using var mode = Start(new IpvsOptions { Scheduler = "lc", TcpTimeout = TimeSpan.FromSeconds(901), UdpTimeout = TimeSpan.FromSeconds(31), StrictArp = true });
        mode.Apply(null, new Cluster()
            .Service("a", "10.96.0.1", 80, s => s.Metadata.Annotations["ipvs.dataplane.dev/scheduler"] = "mh").Slice("a", "8080", "10.244.1.5 here")
            .Service("b", "10.96.0.2", 80, s => s.Metadata.Annotations["ipvs.dataplane.dev/scheduler"] = "no-such").Slice("b", "8080", "10.244.1.5 here").Plan());
        var services = await RunAsync("ipvsadm", "-Ln");
        Assert.Contains("10.96.0.1:80 mh (mh-port)", services);
        Assert.Contains("10.96.0.2:80 lc", services);
        Assert.Contains("901 120 31", await RunAsync("ipvsadm", "-L", "--timeout"));
        Assert.Equal("1 2", _rig.Network.Node.Namespace.Invoke(() =>
            $"{File.ReadAllText("/proc/sys/net/ipv4/conf/all/arp_ignore").Trim()} {File.ReadAllText("/proc/sys/net/ipv4/conf/all/arp_announce").Trim()}"));
        mode.Cleanup();
    }

    /// <summary>What others have in IPVS at excluded addresses stays, even where these cover Services.</summary>
    [Fact(Explicit = true)]
    public async Task ExcludedServicesStay()
    {
        await using (var mode = Start())
        {
            mode.Apply(null, Web().Plan());
        }

        foreach (var service in new[] { "10.96.9.9:80", "192.0.2.1:80" })
        {
            await RunAsync("ipvsadm", "-A", "-t", service, "-s", "wlc");
        }

        await using var again = Start(new IpvsOptions { ExcludedCidrs = [IPNetwork.Parse("10.96.0.0/16")] });
        again.Apply(null, Web().Plan());
        var services = await RunAsync("ipvsadm", "-Ln");
        Assert.Contains("10.96.9.9:80 wlc", services);
        Assert.DoesNotContain("192.0.2.1", services);
        await ProbeAsync("pod-c tcp 10.96.0.1:80 > a b");
        await RunAsync("ipvsadm", "-C");
    }

    /// <summary>An address that is the node's and a Service's stays the node's: its other ports answer.</summary>
    [Fact(Explicit = true)]
    public async Task AServiceMayHaveAnAddressOfTheNode()
    {
        await using var mode = Start();
        mode.Apply(null, new Cluster().Service("web", "10.96.0.1", 80, s => s.Spec.ExternalIPs = ["203.0.113.1"]).Slice("web", "8080", "10.244.1.5 here").Plan());
        using var listener = _rig.Network.Node.Listen("0.0.0.0", 2222);
        await ProbeAsync("client tcp 203.0.113.1:80 > a*");
        using var client = _rig.Network["client"].Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPEndPoint.Parse("203.0.113.1:2222")).WaitAsync(Limit);
        Assert.DoesNotContain("203.0.113.1", await RunAsync("ip", "address", "show", "dev", "kube-ipvs0"));
    }

    /// <summary>One set that is full costs what did not fit, not the rest.</summary>
    [Fact(Explicit = true)]
    public async Task AFullSetIsTold()
    {
        await using var mode = Start();
        mode.Cleanup();
        await RunAsync("ipset", "create", "KUBE-EXTERNAL-IP", "hash:ip,port", "maxelem", "1");
        var plan = Web().Service("more", "10.96.0.3", 80, s => s.Spec.ExternalIPs = [.. Enumerable.Range(1, 200).Select(number => $"198.51.100.{number}")])
            .Slice("more", "8080", "10.244.1.5 here").Plan();
        var full = Assert.Throws<Netlink.NetlinkException>(() => mode.Apply(null, plan));
        Assert.Contains("add elements to set KUBE-EXTERNAL-IP", full.Message);
        Assert.Contains("the set is full", full.Message);
        await ProbeAsync("pod-c tcp 10.96.0.1:80 > a b", "pod-b tcp 10.96.0.3:80 > a");
        mode.Cleanup();
    }

    private static Cluster Web() => new Cluster()
        .Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }]).Slice("web", "8080", "10.244.1.5 here", "10.244.1.6 here");

    private static Cluster Held(string endpoint) => new Cluster().Service("held", "10.96.0.7", 80).Slice("held", "held", "7000", [endpoint]);

    private IpvsMode Start(IpvsOptions? options = null)
    {
        var node = _rig.Network.Node.Namespace;
        return new IpvsMode(
            new ProxyModeContext(node, 0x4000, () => { }, NullLoggerFactory.Instance, _time) { Ipvs = options ?? new IpvsOptions() }, () => new LegacyFixedRules(node));
    }

    private async Task ProbeAsync(params string[] probes)
    {
        foreach (var text in probes)
        {
            var probe = Probe.Parse(text);
            probe.AssertSeen(await Prober.RunAsync(_rig.Network, probe));
        }
    }

    private List<(string EndPoint, uint Weight)> Weights(string address, byte protocol = 6)
    {
        using var connection = IpvsConnection.Open(_rig.Network.Node.Namespace);
        return [.. connection.Destinations(IpvsServiceKey.At(protocol, IPAddress.Parse(address), 80)).Select(found => (found.EndPoint.ToString(), found.Weight)).Order()];
    }

    private async Task<string> RunAsync(string tool, params string[] arguments) =>
        (await Tools.RunAsync(_rig.Network.Node.Namespace, tool, arguments)).OutputOrThrow();
}
