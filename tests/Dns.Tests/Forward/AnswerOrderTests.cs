using Dataplane.Dns.Client;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Server;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Tests.Forward;

/// <summary>What is done to an upstream's answer on its way to the client.</summary>
public sealed class AnswerOrderTests
{
    private static readonly byte[] Question = QueryMessage.Write(DnsName.Parse("www.example.com"), RecordType.A, DnsHeader.RD, null);

    private static readonly byte[] Answer = UpstreamAnswers.Write(
        Question, "www.example.com. CNAME cdn.example.com.", "cdn.example.com. A 192.0.2.1", "cdn.example.com. A 192.0.2.2", "cdn.example.com. A 192.0.2.3");

    [Theory]
    [InlineData(0u, "1 2 3")]
    [InlineData(1u, "1 2 3")]
    [InlineData(0x60000000u, "2 3 1")]
    [InlineData(0xFFFFFFFFu, "3 1 2")]
    public void AddressesBeginWithAnotherOneAndTheAliasStaysFirst(uint rotation, string order)
    {
        var response = Rewrite(Request() with { Rotation = rotation });
        Assert.Equal(
            ["www.example.com. 60 IN CNAME cdn.example.com.", .. order.Split(' ').Select(last => $"cdn.example.com. 60 IN A 192.0.2.{last}")],
            response.Answers);
    }

    [Fact]
    public void ACutMessageIsNotPutInOrder() =>
        Assert.Equal(ResponseCode.ServFail, Read(UpstreamAnswer.Rewrite(Request() with { Rotation = 7 }, Answer.AsSpan(0, Answer.Length - 3), 0).Message).Code);

    /// <summary>Names that are asked for by another name, as they are given back: owners and what aliases lead to.</summary>
    [Fact]
    public void NamesAreChangedBack()
    {
        var asked = QueryMessage.Write(DnsName.Parse("WWW.corp.test"), RecordType.A, DnsHeader.RD, null);
        RewriteRule[] rules =
        [
            new(RewriteField.Ttl, new NameChange(NameMatch.Suffix, "test.", ""), GoesOn: true) { From = 0, To = 9 },
            new(RewriteField.Name, new NameChange(NameMatch.Suffix, ".corp.test.", ".example.com."), GoesOn: false) { IsAutomatic = true },
        ];
        var name = NameView.Split(DnsName.ParseLower("www.corp.test"), new byte[NameView.MaxLabels]);
        var renaming = Renaming.Of(rules, name, RecordType.A, RecordClass.IN)!;
        Assert.Equal("www.example.com.", DnsName.Format(renaming.Name));
        var response = Rewrite(Request() with { Question = asked, Name = renaming.Name, Renaming = renaming });
        Assert.Equal(
            [
                "WWW.corp.test. 9 IN CNAME cdn.corp.test.", "cdn.corp.test. 9 IN A 192.0.2.1", "cdn.corp.test. 9 IN A 192.0.2.2", "cdn.corp.test. 9 IN A 192.0.2.3",
            ],
            response.Answers);
    }

    private static ForwardRequest Request() => new() { Question = Question, Name = DnsName.Parse("www.example.com"), Type = RecordType.A, Aliases = [], Limit = 1232 };

    private static DnsResponse Rewrite(ForwardRequest request) => Read(UpstreamAnswer.Rewrite(request, Answer, 0).Message);

    private static DnsResponse Read(byte[] message) => DnsResponse.Read(message);
}
