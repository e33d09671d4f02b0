using System.CommandLine;
using System.Net;
using Dataplane.Cli.Commands;
using Dataplane.Dns.Wire;

namespace Dataplane.Cli.Tests;

public sealed class DnsCommandTests
{
    /// <summary>As the program reads its arguments: a word with @ is a server and not a file of more arguments.</summary>
    private static readonly ParserConfiguration Words = new() { ResponseFileTokenReplacer = null };

    [Theory]
    [InlineData("--listen 10.0.0.1 --listen [fd00::1]:5353 --listen :1053", null)]
    [InlineData("--upstream none", null)]
    [InlineData("--upstream 10.0.0.2 --upstream 10.0.0.3:5353", null)]
    [InlineData("--pods verified --ttl 30 --cluster-domain example.org --reverse-cidr 10.96.0.0/16", null)]
    [InlineData("--health-address :8080 --ready-address :8181 --metrics-address 127.0.0.1:9153", null)]
    [InlineData("--listen everywhere", "--listen: \"everywhere\": expected ADDRESS[:PORT]")]
    [InlineData("--upstream dns.example.com", "--upstream: \"dns.example.com\": expected ADDRESS[:PORT]")]
    [InlineData("--reverse-cidr 10.96.0.0", "--reverse-cidr: \"10.96.0.0\": expected ADDRESS/LENGTH")]
    [InlineData("--udp-threads 0", "--udp-threads: must be 1 to 256")]
    [InlineData("--pods sometimes", "sometimes")]
    [InlineData("--ttl -1", "-1")]
    public void FlagsAreReadOrNamed(string arguments, string? problem)
    {
        var errors = DnsCommand.Create().Parse(arguments.Split(' '), Words).Errors;
        if (problem is null)
        {
            Assert.Empty(errors);
        }
        else
        {
            Assert.Contains(errors, error => error.Message.Contains(problem, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("web.default.svc.cluster.local @10.96.0.10", "web.default.svc.cluster.local", RecordType.A, "10.96.0.10:53")]
    [InlineData("@10.96.0.10:5353 SRV _http._tcp.web", "_http._tcp.web", RecordType.SRV, "10.96.0.10:5353")]
    [InlineData("web aaaa @[fd00::a]:53", "web", RecordType.AAAA, "[fd00::a]:53")]
    [InlineData("web type65 @fd00::a", "web", (RecordType)65, "[fd00::a]:53")]
    [InlineData("A A @127.0.0.1", "A", RecordType.A, "127.0.0.1:53")]
    public void AQuestionsWordsComeInAnyOrder(string words, string name, RecordType type, string server)
    {
        var question = DnsQueryCommand.Read(words.Split(' '), null, out _);
        Assert.Equal(new DnsQuestion(name, type, IPEndPoint.Parse(server)), question);
    }

    [Theory]
    [InlineData("@10.96.0.10", "a NAME is missing")]
    [InlineData("web AAAA SRV @10.96.0.10", "\"SRV\" is one word too many after the name web")]
    [InlineData("web @nowhere", "server \"nowhere\": expected ADDRESS[:PORT]")]
    public void AQuestionThatIsNoneIsNamed(string words, string expected)
    {
        Assert.Null(DnsQueryCommand.Read(words.Split(' '), null, out var problem));
        Assert.Equal(expected, problem);
    }
}
