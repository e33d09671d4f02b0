using System.Net;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Server;
using Dataplane.Dns.Tests.Scenarios;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Tests.Server;

/// <summary>Lines as CoreDNS writes them: programs read them.</summary>
public sealed class QueryLogTests
{
    private static readonly QueryLogEntry Entry = new()
    {
        Client = IPEndPoint.Parse("10.244.1.5:50759"),
        Local = "10.96.0.10",
        Id = 29008,
        Type = RecordType.A,
        Class = RecordClass.IN,
        Name = "example.org.",
        Protocol = "udp",
        Size = 41,
        DnssecOk = false,
        BufferSize = 4096,
        Code = ResponseCode.NoError,
        Flags = "qr,rd,ra,ad",
        ReplySize = 68,
        Duration = TimeSpan.FromTicks(379902),
    };

    [Theory]
    [InlineData("{common}", "10.244.1.5:50759 - 29008 \"A IN example.org. udp 41 false 4096\" NOERROR qr,rd,ra,ad 68 0.0379902s")]
    [InlineData("{combined}", "10.244.1.5:50759 - 29008 \"A IN example.org. udp 41 false 4096\" NOERROR qr,rd,ra,ad 68 0.0379902s \"0\"")]
    [InlineData("{remote} {/kubernetes/namespace} {>ID} {local} {nosuch} { x", "10.244.1.5 - 29008 10.96.0.10 {nosuch} { x")]
    [InlineData("plain", "plain")]
    public void AFormatIsFilledIn(string format, string expected) => Assert.Equal(expected, new LogFormat(format).Fill(Entry));

    [Fact]
    public void TheRestOfTheCommonFormatIsCoreDnsToo()
    {
        var entry = Entry with { Client = IPEndPoint.Parse("[fd00::5]:53"), Type = (RecordType)4711, Code = (ResponseCode)23, DnssecOk = true, Flags = "", Duration = TimeSpan.Zero };
        Assert.Equal("[fd00::5]:53 - 29008 \"TYPE4711 IN example.org. udp 41 true 4096\" 23 - 68 0s", LogFormat.Common.Fill(entry));
        Assert.StartsWith("10.244.1.5:50759 - 29008 \"HTTPS IN ", LogFormat.Common.Fill(Entry with { Type = RecordType.HTTPS }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ALineIsWrittenForWhatTheFirstRuleForANameWants()
    {
        var plan = CorefileReader.Read(
            ". {\n log quiet.svc.cluster.local {\n  class error\n }\n log . {\n  class denial\n }\n log never.reached\n kubernetes cluster.local\n}", "Corefile", 53, _ => null);
        var output = new StringWriter();
        var zone = new TestZone(plan);
        zone.AddNamespace("testns");
        zone.AddNamespace("quiet");
        LargeZones.AddServices(zone, 2);
        zone.Commit();
        await using (var log = new QueryLog(plan.Servers[0].Log, output))
        {
            var sites = new SiteTable([new Site(plan.Servers[0]) { Log = log }]);
            var engine = new QueryEngine(new SiteSource(sites, zone.Source), new QueryCounters("dns://127.0.0.1:53", "udp"));
            foreach (var (name, type) in new[]
            {
                ("svc-1.testns.svc.cluster.local", RecordType.A), ("SVC-1.testns.svc.cluster.local", RecordType.AAAA),
                ("nosuch.testns.svc.cluster.local", RecordType.A), ("nosuch.quiet.svc.cluster.local", RecordType.A), ("www.example.com", RecordType.A),
            })
            {
                var query = Dataplane.Dns.Forward.QueryMessage.Write(DnsName.Parse(name), type, DnsHeader.RD, 1232);
                DnsHeader.SetId(query, 4242);
                var buffer = new byte[2048];
                query.CopyTo(buffer, 0);
                engine.AnswerDatagram(buffer, query.Length, [10, 244, 1, 5], 40000);
            }
        }

        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Collection(
            lines,
            line => Assert.Matches("^\\[INFO\\] 10\\.244\\.1\\.5:40000 - 4242 \"AAAA IN svc-1\\.testns\\.svc\\.cluster\\.local\\. udp 59 false 1232\" NOERROR qr,aa,rd \\d+ [0-9.]+s$", line),
            line => Assert.Matches("^\\[INFO\\] 10\\.244\\.1\\.5:40000 - 4242 \"A IN nosuch\\.testns\\.svc\\.cluster\\.local\\. udp 60 false 1232\" NXDOMAIN qr,aa,rd \\d+ [0-9.]+s$", line));
    }
}
