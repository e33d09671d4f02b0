using System.Text.RegularExpressions;
using Dataplane.Dns.Client;
using Dataplane.Dns.Tests.Scenarios;
using Dataplane.Dns.Wire;
using Dataplane.TestKit;

namespace Dataplane.Dns.Tests.Server;

/// <summary>What three resolver tools of other authors make of our answers is what our own client reads.</summary>
public sealed partial class ToolAgreementTests
{
    public static TheoryData<string, string> Questions => new()
    {
        { "svc-7.testns.svc.cluster.local", "A" },
        { "Svc-7.TestNS.svc.Cluster.Local", "A" },
        { "svc-7.testns.svc.cluster.local", "AAAA" },
        { "_http._tcp.svc-7.testns.svc.cluster.local", "SRV" },
        { "_http._tcp.big.testns.svc.cluster.local", "SRV" },
        { "_tcp.svc-7.testns.svc.cluster.local", "A" },
        { "big.testns.svc.cluster.local", "A" },
        { "10-1-0-1.big.testns.svc.cluster.local", "A" },
        { "10-1-0-1.testns.pod.cluster.local", "A" },
        { "1.0.1.10.in-addr.arpa", "PTR" },
        { "cluster.local", "SOA" },
        { "cluster.local", "NS" },
        { "dns-version.cluster.local", "TXT" },
        { "nosuch.testns.svc.cluster.local", "A" },
        { "www.example.com", "A" },
    };

    [Theory]
    [MemberData(nameof(Questions))]
    public async Task DigKdigAndDrillReadWhatOurClientReads(string name, string type)
    {
        var zone = new TestZone();
        LargeZones.AddServices(zone, 10);
        LargeZones.AddHeadless(zone, "big", 100);
        zone.Commit();
        await using var server = new TestServer(zone);
        var port = $"{server.EndPoint.Port}";
        var own = await DnsClient.QueryAsync(name, Enum.Parse<RecordType>(type), new DnsQueryOptions { Server = server.EndPoint, Timeout = TimeSpan.FromSeconds(20) });
        var expected = Text(own.Code.Mnemonic(), own.Answers);

        foreach (var (tool, arguments) in new (string, string[])[]
        {
            ("dig", ["@127.0.0.1", "-p", port, "+time=20", "+tries=1", "+noidnout", name, type]),
            ("dig", ["@127.0.0.1", "-p", port, "+time=20", "+tries=1", "+tcp", "+nocookie", name, type]),
            ("kdig", ["@127.0.0.1", "-p", port, "+time=20", "+retry=0", name, type]),
            ("drill", ["-t", "-p", port, name, "@127.0.0.1", type]),
        })
        {
            var result = await Tools.RunAsync(null, tool, arguments);
            Assert.Equal((tool, expected), (tool, Parse(result.Output)));
        }
    }

    private static string Parse(string output)
    {
        var answers = output[(output.IndexOf("ANSWER SECTION", StringComparison.Ordinal) is >= 0 and var at ? at : output.Length)..]
            .Split('\n').Skip(1).TakeWhile(line => line.Trim().Length > 0 && !line.StartsWith(';'))
            .Select(line => string.Join(' ', line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)));
        return Text(Status().Match(output).Groups[1].Value, answers);
    }

    /// <summary>Answers are shuffled, and not every tool keeps the case of a name.</summary>
    private static string Text(string code, IEnumerable<string> answers) =>
        code + "\n" + string.Concat(answers.Select(answer => answer.ToLowerInvariant() + "\n").Order(StringComparer.Ordinal));

    [GeneratedRegex(@"(?:status|rcode): (\w+)")]
    private static partial Regex Status();
}
