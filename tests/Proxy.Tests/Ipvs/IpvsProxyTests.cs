using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Dataplane.Proxy.Tests.Kernel;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.Ipvs;

/// <summary>A whole proxy in mode ipvs, before and after others; run by <see cref="IpvsKernelTests"/>.</summary>
public sealed class IpvsProxyTests : IClassFixture<IpvsScenarioTests.Rig>, IAsyncLifetime
{
    private const byte SynAck = 0x12;

    private readonly ScenarioNetwork _network;
    private readonly HeldConnections _held;

    public IpvsProxyTests(IpvsScenarioTests.Rig rig) => (_network, _held) = (rig.Network, new HeldConnections(rig.Network));

    // The user-mode kernel has no nf_tables for IPv4; a relay's connections end with its process.
    private static string[] OtherModes => Environment.GetEnvironmentVariable("DATAPLANE_USER_MODE") is "1" ? ["iptables"] : ["iptables", "nftables"];

    public ValueTask InitializeAsync() => new(NodeProxy.CleanupAsync(_network.Node.Namespace, NullLoggerFactory.Instance));

    public async ValueTask DisposeAsync()
    {
        _held.Dispose();
        await InitializeAsync();
    }

    /// <summary>
    /// Into mode ipvs and out of it with a proxy's restart: whoever is connected stays so, by TCP and by UDP. What IPVS has begun it carries on until it ends, and
    /// goes then.
    /// </summary>
    [Fact(Explicit = true)]
    public async Task ARestartInAnotherModeKeepsConnections()
    {
        _held.Serve("pod-a", "10.244.1.5");
        using var datagrams = _network["pod-c"].Socket(SocketType.Dgram, ProtocolType.Udp);
        await datagrams.ConnectAsync(IPEndPoint.Parse("10.96.0.1:53"));
        var connections = new List<Socket>();
        foreach (var mode in OtherModes.SelectMany(other => new[] { other, "ipvs" }).Append("iptables"))
        {
            await using var proxy = await TestProxy.StartAsync(_network, mode, new TestProxy.Feed(HeldConnections.Port, datagrams: true));
            await TestProxy.UntilAsync(() => IsAloneAsync(mode));
            foreach (var connection in connections)
            {
                await HeldConnections.EchoAsync(connection);
            }

            await AskAsync(datagrams);
            connections.Add(await _held.OpenAsync("pod-c", "10.96.0.1"));
            connections.Add(await _held.OpenAsync("client", "172.30.0.11", 30080));
            if (mode != "iptables" || connections.Count <= 2)
            {
                continue;
            }

            var used = await RunAsync("ipvsadm", "-Sn");
            Assert.Contains("-a -t 10.96.0.1:80 -r 10.244.1.5:7000 -m -w 0", used, StringComparison.Ordinal);
            Assert.Contains("-a -t 172.30.0.11:30080 -r 10.244.1.5:7000 -m -w 0", used, StringComparison.Ordinal);
            Assert.DoesNotContain("-u ", used, StringComparison.Ordinal);
            var addresses = await RunAsync("ip", "address", "show", "dev", "kube-ipvs0");
            Assert.Contains("10.96.0.1/32", addresses, StringComparison.Ordinal);
            Assert.DoesNotContain("10.96.0.2/32", addresses, StringComparison.Ordinal);

            connections.ForEach(HeldConnections.Reset);
            await TestProxy.UntilAsync(async () => !(await RunAsync("ip", "link")).Contains("kube-ipvs0", StringComparison.Ordinal));
            Assert.Empty(await RunAsync("ipvsadm", "-Sn"));
            connections.Clear();
        }
    }

    /// <summary>
    /// What IPVS cannot do (k/k #90042): for two minutes after a connection through a Service it takes all that the endpoint sends to the client's port for that
    /// connection's. So a direct connection from this port is answered from the Service's address, and not made; one from another port is.
    /// </summary>
    [Fact(Explicit = true)]
    public async Task ADirectConnectionFromAPortThatWentThroughAServiceIsAnsweredByTheService()
    {
        await using var proxy = await TestProxy.StartAsync(_network, "ipvs");
        var port = new IPEndPoint(IPAddress.Any, 45711);
        using (var client = FromPort(port))
        {
            await client.ConnectAsync(IPEndPoint.Parse("10.96.0.1:80")).WaitAsync(HeldConnections.Limit);
            while (await client.ReceiveAsync(new byte[64]).WaitAsync(HeldConnections.Limit) > 0)
            {
            }
        }

        using var seen = _network["pod-c"].Socket(SocketType.Raw, ProtocolType.Tcp);
        using var direct = FromPort(port);
        var connecting = direct.ConnectAsync(IPEndPoint.Parse("10.244.1.5:8080"));
        Assert.Equal("10.96.0.1:80", (await AnswerToAsync(seen, port.Port)).ToString());
        Assert.False(connecting.IsCompletedSuccessfully);

        using var other = FromPort(new IPEndPoint(IPAddress.Any, 45712));
        await other.ConnectAsync(IPEndPoint.Parse("10.244.1.5:8080")).WaitAsync(HeldConnections.Limit);
        Assert.True(await other.ReceiveAsync(new byte[64]).WaitAsync(HeldConnections.Limit) > 0);
        direct.Close();
        await connecting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    /// <summary>The kernel's estimates are in /metrics beside the counts: of each service port and endpoint, while something goes through.</summary>
    [Fact(Explicit = true)]
    public async Task MetricsSayWhatASecondHas()
    {
        await using var proxy = await TestProxy.StartAsync(_network, "ipvs");
        var wanted = new[] { "connections", "packets", "bytes" }.SelectMany(unit => new[]
        {
            $"dataplane_proxy_service_{unit}_per_second{{namespace=\"ns\",service=\"web\",port=\"\",protocol=\"TCP\"}} ",
            $"dataplane_proxy_endpoint_{unit}_per_second{{namespace=\"ns\",service=\"web\",port=\"\",protocol=\"TCP\",endpoint=\"10.244.1.5:8080\"}} ",
        }).ToList();
        await TestProxy.UntilAsync(async () =>
        {
            // The kernel rounds, and a connection a second is a quarter of one after the first two seconds.
            for (var connection = 0; connection < 10; connection++)
            {
                using var client = _network["pod-c"].Socket(SocketType.Stream, ProtocolType.Tcp);
                await client.ConnectAsync(IPEndPoint.Parse("10.96.0.1:80")).WaitAsync(HeldConnections.Limit);
                Assert.True(await client.ReceiveAsync(new byte[64]).WaitAsync(HeldConnections.Limit) > 0);
                HeldConnections.Reset(client);
            }

            var metrics = await TestProxy.GetAsync(_network.Node, "127.0.0.1", 10249, "/metrics");
            return wanted.TrueForAll(series => metrics.Split('\n').Any(line => line.StartsWith(series, StringComparison.Ordinal)
                && double.Parse(line[series.Length..], CultureInfo.InvariantCulture) > 0));
        });
    }

    // The first answer may be to a datagram before, which was late.
    private static async Task AskAsync(Socket datagrams) => await TestProxy.UntilAsync(async () =>
    {
        await datagrams.SendAsync(new byte[1]);
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        try
        {
            var answer = new byte[64];
            return Encoding.ASCII.GetString(answer, 0, await datagrams.ReceiveAsync(answer, patience.Token)).StartsWith("a ", StringComparison.Ordinal);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    });

    // The source of the answer to a SYN from a port. Header layouts: RFC 791, RFC 9293.
    private static async Task<IPEndPoint> AnswerToAsync(Socket raw, int port)
    {
        using var limit = new CancellationTokenSource(HeldConnections.Limit);
        var packet = new byte[1500];
        while (true)
        {
            await raw.ReceiveAsync(packet, limit.Token);
            var tcp = packet.AsMemory((packet[0] & 0xF) * 4);
            var (from, to) = ((tcp.Span[0] << 8) | tcp.Span[1], (tcp.Span[2] << 8) | tcp.Span[3]);
            if (to == port && (tcp.Span[13] & SynAck) == SynAck)
            {
                return new IPEndPoint(new IPAddress(packet.AsSpan(12, 4)), from);
            }
        }
    }

    private Socket FromPort(IPEndPoint port)
    {
        var socket = _network["pod-c"].Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(port);
        return socket;
    }

    // Rules of the mode before have gone: until then nothing is proved.
    private async Task<bool> IsAloneAsync(string mode)
    {
        var sets = await RunAsync("ipset", "list", "-n");
        var rules = await RunAsync(OtherModes.Length > 1 ? "nft" : "iptables-legacy-save", OtherModes.Length > 1 ? ["list", "ruleset"] : []);
        return sets.Contains("KUBE-CLUSTER-IP", StringComparison.Ordinal) == (mode == "ipvs")
            && rules.Contains("KUBE-SVC-", StringComparison.Ordinal) == (mode == "iptables")
            && rules.Contains("table ip dataplane", StringComparison.Ordinal) == (mode == "nftables");
    }

    private async Task<string> RunAsync(string tool, params string[] arguments) =>
        (await Tools.RunAsync(_network.Node.Namespace, tool, arguments)).OutputOrThrow();
}
