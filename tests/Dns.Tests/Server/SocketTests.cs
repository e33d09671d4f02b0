using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Dataplane.Dns.Client;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Tests.Scenarios;
using Dataplane.Dns.Wire;
using Dataplane.TestKit;
using TcpListener = Dataplane.Dns.Server.TcpListener;

namespace Dataplane.Dns.Tests.Server;

/// <summary>The listeners on loopback and in network namespaces, asked by dig and by plain sockets.</summary>
public sealed class SocketTests
{
    private static readonly byte[] Query = QueryMessage.Write(DnsName.Parse("svc-1.testns.svc.cluster.local"), RecordType.A, DnsHeader.RD, null);

    [Theory]
    [InlineData("svc-1.testns.svc.cluster.local A", "status: NOERROR", "IN\tA\t10.96.0.1")]
    [InlineData("svc-1.testns.svc.cluster.local A +tcp", "status: NOERROR", "IN\tA\t10.96.0.1")]
    [InlineData("nosuch.testns.svc.cluster.local A", "status: NXDOMAIN", "SOA\tns.dns.cluster.local. hostmaster.cluster.local.")]
    [InlineData("_http._tcp.svc-1.testns.svc.cluster.local SRV", "0 100 80 svc-1.testns.svc.cluster.local.", "ADDITIONAL: 2")]
    [InlineData("-x 10.96.0.1", "IN\tPTR\tsvc-1.testns.svc.cluster.local.", "status: NOERROR")]
    [InlineData("cluster.local SOA +edns=1 +noednsnegotiation", "status: BADVERS", "EDNS: version: 0")]
    [InlineData("cluster.local SOA +edns=1 +ednsopt=100 +noednsnegotiation", "status: BADVERS", "EDNS: version: 0")]
    [InlineData("cluster.local SOA +noedns +zflag", "status: NOERROR", "flags: qr aa rd; QUERY: 1, ANSWER: 1")]
    [InlineData("cluster.local SOA +dnssec +ednsflags=0x0080", "flags: do; udp: 1232", "ANSWER: 1")]
    [InlineData("cluster.local SOA +nsid +subnet=0.0.0.0/0 +expire +cookie", "status: NOERROR", "EDNS: version: 0")]
    [InlineData("+header-only +opcode=15", "status: NOTIMP", "opcode: RESERVED15")]
    [InlineData("cluster.local CH TXT", "status: REFUSED", "QUERY: 1")]
    [InlineData("cluster.local AXFR +noall +answer +comments", "Transfer failed", "")]
    [InlineData("big.testns.svc.cluster.local A +noedns +ignore", "flags: qr aa tc rd", "ANSWER: 29")]
    [InlineData("big.testns.svc.cluster.local A +noedns", "Truncated, retrying in TCP mode", "ANSWER: 100")]
    [InlineData("big.testns.svc.cluster.local A +bufsize=512 +tcp", "ANSWER: 100", "EDNS: version: 0")]
    public async Task DigUnderstands(string arguments, string expected, string alsoExpected)
    {
        await using var server = new TestServer(Zone());
        var result = await Tools.RunAsync(
            null, "dig", [$"@{server.EndPoint.Address}", "-p", $"{server.EndPoint.Port}", "+tries=1", "+time=20", .. arguments.Split(' ')]);
        Assert.Contains(expected, result.Output, StringComparison.Ordinal);
        Assert.Contains(alsoExpected, result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("malformed", result.Output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task ABurstFromManyPortsIsAnsweredWhole()
    {
        await using var server = new TestServer(Zone());
        var clients = Enumerable.Range(0, 50).Select(_ => new UdpClient(AddressFamily.InterNetwork)).ToList();
        foreach (var (client, id) in clients.Select((client, id) => (client, id)))
        {
            var query = (byte[])Query.Clone();
            DnsHeader.SetId(query, (ushort)id);
            await client.SendAsync(query, server.EndPoint);
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        foreach (var (client, id) in clients.Select((client, id) => (client, id)))
        {
            var reply = (await client.ReceiveAsync(limit.Token)).Buffer;
            Assert.Equal(id, DnsHeader.Id(reply));
            Assert.Equal(["svc-1.testns.svc.cluster.local. 5 IN A 10.96.0.1"], DnsResponse.Read(reply).Answers);
            client.Dispose();
        }
    }

    [Fact]
    public async Task QueriesBehindEachOtherOnOneConnectionAreAllAnswered()
    {
        await using var server = new TestServer(Zone());
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.EndPoint);
        await using var stream = new NetworkStream(socket);
        var sent = Enumerable.Range(0, 200).SelectMany(id =>
        {
            var framed = new byte[2 + Query.Length];
            BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)Query.Length);
            Query.CopyTo(framed, 2);
            DnsHeader.SetId(framed.AsSpan(2), (ushort)id);
            return framed;
        }).ToArray();

        // Cut where no message ends, so that lengths and messages arrive in pieces.
        await stream.WriteAsync(sent.AsMemory(0, 1001));
        await stream.FlushAsync();
        await stream.WriteAsync(sent.AsMemory(1001));
        for (var id = 0; id < 200; id++)
        {
            var prefix = new byte[2];
            await stream.ReadExactlyAsync(prefix);
            var reply = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
            await stream.ReadExactlyAsync(reply);
            Assert.Equal(id, DnsHeader.Id(reply));
        }
    }

    [Fact]
    public async Task AClientThatSendsRubbishIsClosedAndTheNextServed()
    {
        await using var server = new TestServer(Zone());
        using (var socket = new Socket(SocketType.Stream, ProtocolType.Tcp))
        {
            await socket.ConnectAsync(server.EndPoint);
            await socket.SendAsync(new byte[] { 0, 4, 1, 2, 3, 4, 0, 12 });
        }

        var options = new DnsQueryOptions { Server = server.EndPoint, Tcp = true, Timeout = TimeSpan.FromSeconds(20) };
        var response = await DnsClient.QueryAsync("svc-1.testns.svc.cluster.local", RecordType.A, options);
        Assert.Single(response.Answers);
    }

    [Fact]
    public async Task ClientsThatStallTakeNoMorePlacesThanThereAre()
    {
        await using var server = new TestServer(Zone());
        var options = new DnsQueryOptions { Server = server.EndPoint, Tcp = true, Timeout = TimeSpan.FromSeconds(20) };
        var stalled = new List<Socket>();
        try
        {
            // A length and no message: all places are taken until they are seen to be idle.
            for (var i = 0; i < TcpListener.MaxConnections; i++)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                stalled.Add(socket);
                await socket.ConnectAsync(server.EndPoint);
                await socket.SendAsync(new byte[] { 0, 40 });
            }

            using var late = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await late.ConnectAsync(server.EndPoint);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            Assert.Equal(0, await late.ReceiveAsync(new byte[1], limit.Token));
            Assert.Single((await DnsClient.QueryAsync("svc-1.testns.svc.cluster.local", RecordType.A, options with { Tcp = false })).Answers);
        }
        finally
        {
            stalled.ForEach(socket => socket.Dispose());
        }

        using var served = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await IsServedAsync(options))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), served.Token);
        }
    }

    private static async Task<bool> IsServedAsync(DnsQueryOptions options)
    {
        try
        {
            return (await DnsClient.QueryAsync("svc-1.testns.svc.cluster.local", RecordType.A, options)).Answers.Count == 1;
        }
        catch (Exception closed) when (closed is IOException or SocketException)
        {
            return false;
        }
    }

    [Fact]
    public async Task IPv6IsServed()
    {
        await using var server = new TestServer(Zone(), IPAddress.IPv6Loopback);
        var response = await DnsClient.QueryAsync("svc-1.testns.svc.cluster.local", RecordType.A, new DnsQueryOptions { Server = server.EndPoint, Timeout = TimeSpan.FromSeconds(20) });
        Assert.Single(response.Answers);
    }

    /// <summary>dig, as every resolver, takes an answer from the address it asked only.</summary>
    [Theory]
    [InlineData("0.0.0.0", "10.9.0.1", "10.9.0.2")]
    [InlineData("::", "10.9.0.1", "fd00:9::2")]
    public async Task AWildcardSocketAnswersFromTheAddressThatWasAsked(string bind, string first, string second)
    {
        using var network = new TestNetwork();
        var host = network.AddHost("server");
        var client = network.AddHost("client");
        network.Connect(host, "eth0", "10.9.0.1/24", client, "eth0", "10.9.0.9/24");
        host.AddAddress("eth0", "10.9.0.2/24");
        host.AddAddress("lo", "fd00:9::2/128");
        host.AddAddress("lo", "10.77.0.1/32");
        await using var server = new TestServer(Zone(), IPAddress.Parse(bind), host.Namespace);
        foreach (var (from, address) in new[] { (client, first), (host, second), (host, "10.77.0.1") })
        {
            var result = await Tools.RunAsync(
                from.Namespace, "dig", [$"@{address}", "-p", $"{server.EndPoint.Port}", "+tries=1", "+time=20", "+short", "svc-1.testns.svc.cluster.local"]);
            Assert.Equal("10.96.0.1\n", result.Output);
        }
    }

    private static TestZone Zone()
    {
        var zone = new TestZone();
        LargeZones.AddServices(zone, 10);
        LargeZones.AddHeadless(zone, "big", 100);
        zone.Commit();
        return zone;
    }
}
