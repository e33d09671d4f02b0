using System.Net;
using Dataplane.Dns.Client;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Server;
using Dataplane.Dns.Tests.Scenarios;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Tests.Forward;

/// <summary>One <c>forward</c> after the other, and what is told when none has an answer.</summary>
public sealed class ForwardNextTests
{
    [Theory]
    [InlineData("next NXDOMAIN", "missing.test", "192.0.2.2")]
    [InlineData("next SERVFAIL", "missing.test", "NXDOMAIN")]
    [InlineData("next_on_nodata", "empty.test", "192.0.2.2")]
    [InlineData("next NXDOMAIN", "empty.test", "NOERROR")]
    [InlineData("next NXDOMAIN", "known.test", "192.0.2.1")]
    public async Task AnAnswerThatIsNotToBeTheLastIsFollowedByTheNext(string property, string name, string expected)
    {
        using var first = new FakeUpstream((query, _) => [DnsResponse.Read(query).Question.Split('.')[0] switch
        {
            "known" => UpstreamAnswers.Write(query, "known.test. A 192.0.2.1"),
            "empty" => UpstreamAnswers.Write(query, "test. SOA test."),
            _ => UpstreamAnswers.Write(query, ResponseCode.NXDomain, "test. SOA test."),
        }]);
        using var second = new FakeUpstream((query, _) => [UpstreamAnswers.Write(query, $"{DnsResponse.Read(query).Question.Split(' ')[0]} A 192.0.2.2")]);
        var sites = Sites($". {{\n cache\n forward . {first.EndPoint} {{\n  {property}\n }}\n forward other.test 192.0.2.9\n forward . {second.EndPoint}\n}}");
        await using (sites.Generation)
        {
            // The second time from the cache.
            for (var i = 0; i < 2; i++)
            {
                var response = DnsResponse.Read((await AskAsync(sites.Table, name)).Message.ToArray());
                Assert.Equal(expected, response.Answers is [var only] ? only.Split(' ')[^1] : response.Code.Mnemonic());
            }

            Assert.Equal(1, first.Asked);
        }
    }

    [Fact]
    public async Task WhatNoUpstreamAnsweredIsToldInCoreDnsWords()
    {
        using var dead = new FakeUpstream((_, _) => []);
        var closed = dead.EndPoint;
        dead.Dispose();
        var output = new StringWriter();
        using var errors = new ErrorLog(new ErrorsPlan([]), output, TimeProvider.System);
        var sites = Sites($". {{\n forward . {closed} {{\n  max_concurrent 1\n }}\n}}");
        await using (sites.Generation)
        {
            await AskAsync(sites.Table, "WWW.example.com", errors);
        }

        Assert.Equal($"[ERROR] plugin/errors: 2 www.example.com. A: read udp {closed}: connection refused\n", output.ToString().ReplaceLineEndings("\n"));
    }

    [Fact]
    public void ErrorsOfOneKindAreToldTogether()
    {
        var plan = CorefileReader.Read(
            ". {\n errors {\n  consolidate 5m \".* i/o timeout$\" warning\n  consolidate 30s \"^Failed to .+\" show_first\n }\n}", "Corefile", 53, _ => null).Servers[0].Errors!;
        var output = new StringWriter();
        using (var errors = new ErrorLog(plan, output, TimeProvider.System))
        {
            var question = QueryMessage.Write(DnsName.Parse("example.org"), RecordType.AAAA, DnsHeader.RD, null);
            foreach (var reason in new[] { "read udp 192.0.2.1:53: i/o timeout", "other", "read udp 192.0.2.2:53: i/o timeout", "Failed to fly", "Failed to land" })
            {
                errors.Tell(ResponseCode.ServFail, question, RecordType.AAAA, reason);
            }

            Assert.Equal(["[ERROR] plugin/errors: 2 example.org. AAAA: other", "[ERROR] plugin/errors: 2 example.org. AAAA: Failed to fly"], Lines());
        }

        // Told at the end, if its time does not come before.
        Assert.Equal(
            ["[WARNING] plugin/errors: 2 errors like '.* i/o timeout$' occurred in last 5m0s", "[ERROR] plugin/errors: 2 errors like '^Failed to .+' occurred in last 30s"],
            Lines()[2..]);

        string[] Lines() => output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
    }

    private static (SiteTable Table, ServingGeneration Generation) Sites(string corefile)
    {
        var plan = CorefileReader.Read(corefile, "Corefile", 53, _ => null);
        var generation = new ServingGeneration(plan, new DnsOptions(), Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        return (generation.TableOf(plan.Servers), generation);
    }

    private static async Task<ForwardAnswer> AskAsync(SiteTable sites, string name, ErrorLog? errors = null)
    {
        var answered = new TaskCompletionSource<ForwardAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        var request = Request(sites, name) with { Errors = errors };
        request.Forwarder!.Start(request, answered.SetResult);
        return await answered.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    private static ForwardRequest Request(SiteTable sites, string name)
    {
        var engine = new QueryEngine(new SiteSource(sites, new TestZone().Source), new QueryCounters("dns://test", "udp"));
        var buffer = new byte[1232];
        var query = QueryMessage.Write(DnsName.Parse(name), RecordType.A, DnsHeader.RD, null);
        query.CopyTo(buffer, 0);
        return engine.AnswerDatagram(buffer, query.Length, IPAddress.Loopback.GetAddressBytes()).Request!;
    }
}
