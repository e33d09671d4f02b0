using System.Net;
using Dataplane.Dns.Client;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Tests.Scenarios;
using Dataplane.Dns.Tests.Server;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Tests.Forward;

public sealed class ForwarderTests
{
    private const string Answer = "www.example.com. A 192.0.2.1";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task OtherZonesAreAnsweredByTheUpstream(bool tcp)
    {
        using var upstream = new FakeUpstream((query, _) => [UpstreamAnswers.Write(query, "www.example.com. CNAME cdn.example.com.", "cdn.example.com. A 192.0.2.1")]);
        var response = await AskAsync("WWW.example.com", RecordType.A, tcp, upstream.EndPoint);
        Assert.Equal(ResponseCode.NoError, response.Code);
        Assert.Equal("qr rd ra", response.Flags);
        Assert.Equal("WWW.example.com. IN A", response.Question);
        Assert.Equal(["www.example.com. 60 IN CNAME cdn.example.com.", "cdn.example.com. 60 IN A 192.0.2.1"], response.Answers);
    }

    [Fact]
    public async Task WhatIsNoAnswerToTheQuestionIsNotTaken()
    {
        using var upstream = new FakeUpstream((query, _) =>
        {
            var otherId = UpstreamAnswers.Write(query, "www.example.com. A 192.0.2.66");
            otherId[0] ^= 1;
            var otherName = UpstreamAnswers.Write(query, "www.example.com. A 192.0.2.66");
            otherName[DnsHeader.Size + 1] ^= 0x20;
            var noResponse = UpstreamAnswers.Write(query, "www.example.com. A 192.0.2.66");
            noResponse[2] &= 0x7F;
            return [otherId, otherName, noResponse, [1, 2, 3], UpstreamAnswers.Write(query, Answer)];
        });
        var response = await AskAsync("www.example.com", RecordType.A, false, upstream.EndPoint);
        Assert.Equal(["www.example.com. 60 IN A 192.0.2.1"], response.Answers);
    }

    [Fact]
    public async Task ACutAnswerIsFetchedByTcp()
    {
        using var upstream = new FakeUpstream((query, tcp) =>
        {
            var message = UpstreamAnswers.Write(query, tcp ? [Answer] : []);
            message[2] |= (byte)(tcp ? 0 : 2);
            return [message];
        });
        var response = await AskAsync("www.example.com", RecordType.A, false, upstream.EndPoint);
        Assert.False(response.IsTruncated);
        Assert.Single(response.Answers);
    }

    [Fact]
    public async Task ACutAnswerStaysCutWhenTcpFails()
    {
        using var upstream = new FakeUpstream((query, tcp) =>
        {
            var message = UpstreamAnswers.Write(query);
            message[2] |= 2;
            return tcp ? [] : [message];
        });
        var options = new DnsQueryOptions { Server = upstream.EndPoint, IgnoreTruncation = true, Timeout = TimeSpan.FromSeconds(20) };
        Assert.True((await AskAsync("www.example.com", RecordType.A, options, upstream.EndPoint)).IsTruncated);
    }

    [Fact]
    public async Task TheNextUpstreamIsAskedWhenOneIsNotThere()
    {
        using var dead = new FakeUpstream((_, _) => []);
        var closed = dead.EndPoint;
        dead.Dispose();
        using var upstream = new FakeUpstream((query, _) => [UpstreamAnswers.Write(query, Answer)]);
        Assert.Single((await AskAsync("www.example.com", RecordType.A, false, closed, upstream.EndPoint)).Answers);
        Assert.Equal(ResponseCode.ServFail, (await AskAsync("www.example.com", RecordType.A, false, closed)).Code);
    }

    [Fact]
    public async Task AnExternalNameCarriesTheUpstreamsAnswerAndItsCode()
    {
        var zone = new TestZone();
        zone.AddNamespace("testns");
        zone.Add(new Api.Service { Metadata = new() { Namespace = "testns", Name = "ext" }, Spec = new() { Type = "ExternalName", ExternalName = "www.example.com" } });
        zone.Commit();
        using var upstream = new FakeUpstream((query, _) =>
            [query.AsSpan().IndexOf(new byte[] { 0, 28, 0, 1 }) > 0 ? UpstreamAnswers.Write(query, ResponseCode.NXDomain, "example.com. SOA ns.example.com.") : UpstreamAnswers.Write(query, Answer)]);
        await using var server = new TestServer(zone, forwarder: TestForwarders.Of(upstream.EndPoint));
        var options = new DnsQueryOptions { Server = server.EndPoint, Timeout = TimeSpan.FromSeconds(20) };

        var found = await DnsClient.QueryAsync("ext.testns.svc.cluster.local", RecordType.A, options);
        Assert.Equal("qr aa rd ra", found.Flags);
        Assert.Equal(["ext.testns.svc.cluster.local. 5 IN CNAME www.example.com.", "www.example.com. 60 IN A 192.0.2.1"], found.Answers);

        var missing = await DnsClient.QueryAsync("ext.testns.svc.cluster.local", RecordType.AAAA, options);
        Assert.Equal(ResponseCode.NXDomain, missing.Code);
        Assert.Equal(["ext.testns.svc.cluster.local. 5 IN CNAME www.example.com."], missing.Answers);
    }

    [Fact]
    public async Task AnAnswerIsKeptForItsTimeToLiveAndGrowsOld()
    {
        var time = new SettableTime();
        using var upstream = new FakeUpstream((query, _) => [UpstreamAnswers.Write(query, Answer)]);
        await using var server = new TestServer(new TestZone(), forwarder: TestForwarders.Of(TestForwarders.Plan(upstream.EndPoint), time: time));
        var options = new DnsQueryOptions { Server = server.EndPoint, Timeout = TimeSpan.FromSeconds(20) };

        Assert.Equal(["www.example.com. 60 IN A 192.0.2.1"], (await DnsClient.QueryAsync("www.example.com", RecordType.A, options)).Answers);
        time.Now += TimeSpan.FromSeconds(20);
        Assert.Equal(["www.example.com. 40 IN A 192.0.2.1"], (await DnsClient.QueryAsync("www.EXAMPLE.com", RecordType.A, options)).Answers);
        Assert.Equal(1, upstream.Asked);
        time.Now += TimeSpan.FromSeconds(40);
        Assert.Equal(["www.example.com. 60 IN A 192.0.2.1"], (await DnsClient.QueryAsync("www.example.com", RecordType.A, options)).Answers);
        Assert.Equal(2, upstream.Asked);
    }

    [Theory]
    [InlineData(ResponseCode.NoError, "www.example.com. A 192.0.2.1", 60)]
    [InlineData(ResponseCode.NXDomain, "example.com. SOA ns.example.com.", 30)]
    [InlineData(ResponseCode.NoError, "example.com. SOA ns.example.com.", 30)]
    [InlineData(ResponseCode.NXDomain, "", 0)]
    [InlineData(ResponseCode.ServFail, "", 5)]
    [InlineData(ResponseCode.Refused, "www.example.com. A 192.0.2.1", 0)]
    public void AnAnswersLifetimeIsThatOfWhatItSays(ResponseCode code, string records, uint expected)
    {
        var query = QueryMessage.Write(DnsName.Parse("www.example.com"), RecordType.A, 0, null);
        var answer = UpstreamAnswers.Write(query, code, records.Length == 0 ? [] : [records]);
        Assert.Equal(expected, new ForwardCache(new CachePlan(), TimeProvider.System).Lifetime(answer));
    }

    [Fact]
    public async Task AnUpstreamThatForwardsBackIsLeftOut()
    {
        TestServer? server = null;
        using var upstream = new FakeUpstream((query, _) => [AskServerAsync(query).GetAwaiter().GetResult()]);
        var forwarder = TestForwarders.Of(upstream.EndPoint);
        server = new TestServer(new TestZone(), forwarder: forwarder);
        await forwarder.FindLoopsAsync();
        var asked = upstream.Asked;
        var response = await DnsClient.QueryAsync("www.example.com", RecordType.A, new DnsQueryOptions { Server = server.EndPoint, Timeout = TimeSpan.FromSeconds(20) });
        Assert.Equal(ResponseCode.ServFail, response.Code);
        Assert.Equal(asked, upstream.Asked);
        await server.DisposeAsync();

        Task<byte[]> AskServerAsync(byte[] query) => UpstreamExchange.AskDatagramAsync(server!.EndPoint, query, null, CancellationToken.None);
    }

    [Fact]
    public void NameserversAreReadFromResolvConf() =>
        Assert.Equal(
            [IPEndPoint.Parse("10.0.0.1:53"), IPEndPoint.Parse("[fd00::1]:53")],
            ResolvConf.Parse(["# nameserver 1.1.1.1", "search example.com", "nameserver 10.0.0.1", "\tnameserver  fd00::1  ", "nameserver host", "nameserver 10.0.0.1"]));

    private static Task<DnsResponse> AskAsync(string name, RecordType type, bool tcp, params IPEndPoint[] upstreams) =>
        AskAsync(name, type, new DnsQueryOptions { Server = upstreams[0], Tcp = tcp, Timeout = TimeSpan.FromSeconds(20) }, upstreams);

    private static async Task<DnsResponse> AskAsync(string name, RecordType type, DnsQueryOptions options, params IPEndPoint[] upstreams)
    {
        await using var server = new TestServer(new TestZone(), forwarder: TestForwarders.Of(upstreams));
        return await DnsClient.QueryAsync(name, type, options with { Server = server.EndPoint });
    }

    private sealed class SettableTime : TimeProvider
    {
        internal DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
