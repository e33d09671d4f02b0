using System.Net;
using Dataplane.Api;
using Dataplane.Dns.Client;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Tests.Scenarios;
using Dataplane.Dns.Tests.Server;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Tests.Forward;

/// <summary>Which upstream is asked, and how.</summary>
public sealed class ForwardPolicyTests
{
    [Theory]
    [InlineData("RoundRobin", 10, 10)]
    [InlineData("Sequential", 20, 0)]
    [InlineData("Random", null, null)]
    public async Task UpstreamsAreAskedByThePolicy(string policy, int? first, int? second)
    {
        using var one = Upstream();
        using var two = Upstream();
        await using var server = Start(TestForwarders.Plan(one.EndPoint, two.EndPoint) with { Policy = Enum.Parse<ForwardPolicy>(policy) });
        await AskAsync(server, 20);
        Assert.Equal(20, one.Asked + two.Asked);
        Assert.True(first is null || (first, second) == (one.Asked, two.Asked));
    }

    [Fact]
    public async Task AnUpstreamThatFailsIsLeftAloneUntilItAnswersACheck()
    {
        using var other = Upstream();
        var closed = Upstream();
        var endPoint = closed.EndPoint;
        closed.Dispose();
        var plan = TestForwarders.Plan(endPoint, other.EndPoint) with { HealthCheck = TimeSpan.FromMilliseconds(20) };
        var forwarder = TestForwarders.Of(plan);
        await using var server = new TestServer(new TestZone(), forwarder: forwarder);
        await AskAsync(server, 3);
        Assert.Equal(3, other.Asked);
        Assert.True(forwarder.Upstreams[0].IsDown);
        Assert.False(forwarder.Upstreams[1].IsDown);

        await UntilAsync(() => forwarder.Upstreams[0].CheckFailures > 0);
        using var back = Upstream(endPoint);
        await UntilAsync(() => !forwarder.Upstreams[0].IsDown);
    }

    [Theory]
    [InlineData(true, ResponseCode.NoError)]
    [InlineData(false, ResponseCode.ServFail)]
    public async Task ACodeThatIsNoAnswerLeadsToTheNextUpstream(bool failover, ResponseCode expected)
    {
        using var broken = new FakeUpstream((query, _) => [UpstreamAnswers.Write(query, ResponseCode.ServFail)]);
        using var other = Upstream();
        await using var server = Start(TestForwarders.Plan(broken.EndPoint, other.EndPoint) with { Failover = failover ? [ResponseCode.ServFail] : [] });
        var options = new DnsQueryOptions { Server = server.EndPoint, Timeout = TimeSpan.FromSeconds(20) };
        Assert.Equal(expected, (await DnsClient.QueryAsync("www.example.com", RecordType.A, options)).Code);
        Assert.Equal((1, failover ? 1 : 0), (broken.Asked, other.Asked));
    }

    /// <summary>With max_fails 0 nobody is ever left alone; with fail-fast nobody is asked once all are down.</summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(1, true)]
    public async Task WhenAllAreDownOneIsAskedAllTheSameUnlessItIsToFailFast(int maxFails, bool failsFast)
    {
        var closed = Upstream();
        var endPoint = closed.EndPoint;
        closed.Dispose();
        var forwarder = TestForwarders.Of(TestForwarders.Plan(endPoint) with { MaxFails = maxFails, FailsFast = failsFast, HealthCheck = TimeSpan.FromHours(1) }, new CachePlan { ServFailTtl = 0 });
        await using var server = new TestServer(new TestZone(), forwarder: forwarder);
        var options = new DnsQueryOptions { Server = server.EndPoint, Timeout = TimeSpan.FromSeconds(20) };
        Assert.Equal(ResponseCode.ServFail, (await DnsClient.QueryAsync("www1.example.com", RecordType.A, options)).Code);
        Assert.Equal(maxFails > 0, forwarder.Upstreams[0].IsDown);
        using var back = Upstream(endPoint);
        Assert.Equal(failsFast ? ResponseCode.ServFail : ResponseCode.NoError, (await DnsClient.QueryAsync("www2.example.com", RecordType.A, options)).Code);
        Assert.Equal((failsFast ? 0 : 1, maxFails > 0 ? 1 : 0), (back.Asked, forwarder.AllDown));
    }

    [Fact]
    public async Task ACheckAsksWhatItIsToldTo()
    {
        var asked = new System.Collections.Concurrent.ConcurrentQueue<string>();
        FakeUpstream? upstream = null;
        upstream = new FakeUpstream((query, _) =>
        {
            asked.Enqueue($"{DnsResponse.Read(query).Question} {DnsHeader.FlagText(DnsHeader.Flags(query), ' ')}".TrimEnd());
            return asked.Count == 1 ? [] : [UpstreamAnswers.Write(query, ResponseCode.NXDomain)];
        });
        using (upstream)
        {
            var plan = TestForwarders.Plan(upstream.EndPoint) with
            {
                MaxFails = 1,
                AnswerLimit = TimeSpan.FromSeconds(1),
                HealthCheck = TimeSpan.FromMilliseconds(20),
                CheckName = DnsName.Parse("health.test"),
                CheckRecursion = false,
            };
            var forwarder = TestForwarders.Of(plan);
            await using var server = new TestServer(new TestZone(), forwarder: forwarder);
            await DnsClient.QueryAsync("www.example.com", RecordType.A, new DnsQueryOptions { Server = server.EndPoint, Timeout = TimeSpan.FromSeconds(20) });

            // Any answer is one, whatever its code.
            await UntilAsync(() => asked.Count > 1 && !forwarder.Upstreams[0].IsDown);
            Assert.Equal(["www.example.com. IN A rd", "health.test. IN NS"], asked.Take(2));
        }
    }

    [Fact]
    public async Task AConnectionThatWasClosedMeanwhileCostsNoAnswer()
    {
        // This upstream closes after every answer, so each kept connection turns out to be gone.
        using var upstream = Upstream();
        await using var server = Start(TestForwarders.Plan(upstream.EndPoint) with { ForceTcp = true });
        await AskAsync(server, 5);
        Assert.Equal(5, upstream.Asked);
    }

    [Fact]
    public async Task ASearchListIsWalkedToTheEnd()
    {
        using var upstream = new FakeUpstream((query, _) =>
        {
            var name = DnsResponse.Read(query).Question.Split(' ')[0];
            return [name == "www.example.com." ? UpstreamAnswers.Write(query, "www.example.com. A 192.0.2.1") : UpstreamAnswers.Write(query, ResponseCode.NXDomain)];
        });
        var zone = new TestZone(CorefileReader.Read(
            ". {\n autopath @kubernetes\n kubernetes cluster.local {\n  pods verified\n }\n forward . 127.0.0.1:9\n}", "Corefile", 53, _ => null));
        zone.AddNamespace("prod");
        zone.Add(new Pod { Metadata = new() { Namespace = "prod", Name = "client" }, Status = new() { Phase = "Running", PodIPs = [new PodIP { IP = "127.0.0.1" }] } });
        zone.Commit();
        await using var server = new TestServer(zone, forwarder: TestForwarders.Of(upstream.EndPoint));
        var options = new DnsQueryOptions { Server = server.EndPoint, Timeout = TimeSpan.FromSeconds(20) };

        var found = await DnsClient.QueryAsync("www.example.com.prod.svc.cluster.local", RecordType.A, options);
        Assert.Equal(["www.example.com.prod.svc.cluster.local. 5 IN CNAME www.example.com.", "www.example.com. 60 IN A 192.0.2.1"], found.Answers);

        var missing = await DnsClient.QueryAsync("nosuch.prod.svc.cluster.local", RecordType.A, options);
        Assert.Equal((ResponseCode.NXDomain, 0, 1), (missing.Code, missing.Answers.Count, missing.Authorities.Count));
    }

    private static FakeUpstream Upstream(IPEndPoint? endPoint = null) =>
        new((query, _) => [UpstreamAnswers.Write(query, $"{DnsResponse.Read(query).Question.Split(' ')[0]} A 192.0.2.1")], endPoint);

    private static TestServer Start(ForwardPlan plan) => new(new TestZone(), forwarder: TestForwarders.Of(plan));

    private static async Task AskAsync(TestServer server, int names)
    {
        for (var i = 0; i < names; i++)
        {
            var options = new DnsQueryOptions { Server = server.EndPoint, Timeout = TimeSpan.FromSeconds(20) };
            Assert.Single((await DnsClient.QueryAsync($"www{i}.example.com", RecordType.A, options)).Answers);
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
        }
    }
}
