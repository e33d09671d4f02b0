using Dataplane.Dns.Client;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Server;
using Dataplane.Dns.Tests.Scenarios;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Tests.Server;

/// <summary>Messages that are not the ordinary question: what comes back, or that nothing does.</summary>
public sealed class MessageTests
{
    private const string Question = "0161 00 0001 0001";
    private const string Opt = "00 0029 04D0 00 00 0000";

    public static TheoryData<string, string, string?> Messages => new()
    {
        { "no header", "1234 0100 0001", null },
        { "nothing", "", null },
        { "a response", "1234 8100 0001 0000 0000 0000" + Question, null },
        { "opcode NOTIFY", "1234 2100 0001 0000 0000 0000" + Question, "NOTIMP" },
        { "opcode 15, header only", "1234 7800 0000 0000 0000 0000", "NOTIMP" },
        { "no question", "1234 0100 0000 0000 0000 0000", "FORMERR" },
        { "two questions", "1234 0100 0002 0000 0000 0000" + Question + Question, "FORMERR" },
        { "a question announced, none there", "1234 0100 0001 0000 0000 0000", "FORMERR" },
        { "a question cut short", "1234 0100 0001 0000 0000 0000 0161 00 0001 00", "FORMERR" },
        { "a question's name is a loop", "1234 0100 0001 0000 0000 0000 C00C 0001 0001", "FORMERR" },
        { "bytes behind the end", "1234 0100 0001 0000 0000 0000" + Question + "00", "FORMERR" },
        { "a record announced, none there", "1234 0100 0001 0000 0000 0001" + Question, "FORMERR" },
        { "a record with too long data", "1234 0100 0001 0000 0000 0001" + Question + "00 0001 0001 00000000 0005 0102", "FORMERR" },
        { "a record's name is a loop", "1234 0100 0001 0000 0000 0001" + Question + "C013 0001 0001 00000000 0000", "FORMERR" },
        { "two OPT", "1234 0100 0001 0000 0000 0002" + Question + Opt + "0000" + Opt + "0000", "FORMERR" },
        { "OPT as an answer", "1234 0100 0001 0001 0000 0000" + Question + Opt + "0000", "FORMERR" },
        { "OPT with a name", "1234 0100 0001 0000 0000 0001" + Question + "0162" + Opt + "0000", "FORMERR" },
        { "an option longer than OPT", "1234 0100 0001 0000 0000 0001" + Question + Opt + "0005 000A 0008 01", "FORMERR" },
        { "half an option", "1234 0100 0001 0000 0000 0001" + Question + Opt + "0002 000A", "FORMERR" },
        { "EDNS version 1", "1234 0100 0001 0000 0000 0001" + Question + "00 0029 04D0 00 01 0000 0000", "BADVERS" },
        { "class CH", "1234 0100 0001 0000 0000 0000 0161 00 0010 0003", "REFUSED" },
        { "an ordinary question", "1234 0100 0001 0000 0000 0000" + Question, "REFUSED" },
    };

    [Theory]
    [MemberData(nameof(Messages))]
    public void EveryMessageHasItsCode(string what, string hex, string? expected)
    {
        var reply = new TestZone().Send(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
        Assert.True(reply is null == expected is null, what);
        if (reply is not null)
        {
            var response = DnsResponse.Read(reply);
            Assert.Equal(expected, response.Code.Mnemonic());
            Assert.Equal(0x1234, DnsHeader.Id(reply));
            Assert.Contains("qr", response.Flags, StringComparison.Ordinal);
        }
    }

    /// <summary>ednscomp.isc.org's list, against the apex SOA: OPT comes back if and only if it was sent, version 0, options and Z never.</summary>
    [Theory]
    [InlineData("dns", "", "NOERROR", null)]
    [InlineData("zflag", "", "NOERROR", null, 0x0040)]
    [InlineData("edns", "00 0029 04D0 00 00 0000 0000", "NOERROR", false)]
    [InlineData("edns1", "00 0029 04D0 00 01 0000 0000", "BADVERS", false)]
    [InlineData("edns@512", "00 0029 0200 00 00 0000 0000", "NOERROR", false)]
    [InlineData("ednsopt", "00 0029 04D0 00 00 0000 0004 0064 0000", "NOERROR", false)]
    [InlineData("edns1opt", "00 0029 04D0 00 01 0000 0004 0064 0000", "BADVERS", false)]
    [InlineData("do", "00 0029 04D0 00 00 8000 0000", "NOERROR", true)]
    [InlineData("ednsflags", "00 0029 04D0 00 00 0080 0000", "NOERROR", false)]
    [InlineData("cookie of 7 bytes", "00 0029 04D0 00 00 0000 000B 000A 0007 01020304050607", "FORMERR", null)]
    [InlineData("cookie of 12 bytes", "00 0029 04D0 00 00 0000 0010 000A 000C 0102030405060708090A0B0C", "FORMERR", null)]
    [InlineData("docookie", "00 0029 04D0 00 00 8000 000C 000A 0008 0102030405060708", "NOERROR", true)]
    [InlineData("optlist", "00 0029 04D0 00 00 0000 0014 0003 0000 0008 0004 0001 0000 000B 0000 0009 0000", "NOERROR", false)]
    public void EdnsIsAnsweredAsItsTestersExpect(string what, string opt, string code, bool? dnssecOk, int flags = 0)
    {
        var query = QueryMessage.Write(DnsName.Parse("cluster.local"), RecordType.SOA, flags, null);
        DnsHeader.SetCounts(query, 1, 0, 0, opt.Length == 0 ? 0 : 1);
        var message = query.Concat(Convert.FromHexString(opt.Replace(" ", "", StringComparison.Ordinal))).ToArray();
        var reply = new TestZone().Send(message)!;
        var response = DnsResponse.Read(reply);

        Assert.True(response.Code.Mnemonic() == code, what);
        Assert.Equal(dnssecOk is null ? null : (0, dnssecOk.Value, 1232), response.Edns);
        Assert.Equal(code == "NOERROR" ? 1 : 0, response.Answers.Count);
        Assert.Equal(0, DnsHeader.Flags(reply) & 0x0040);
        if (what == "docookie")
        {
            // Both halves, the client's own first (RFC 7873, 5.2).
            Assert.Equal(Convert.FromHexString("001C000A00180102030405060708" + "01000000"), reply[^30..^12]);
        }
        else if (dnssecOk is not null)
        {
            // The OPT record is the last and empty: no option was echoed.
            Assert.Equal(new byte[] { 0, 0 }, reply[^2..]);
            Assert.Equal(dnssecOk.Value ? 0x80 : 0, reply[^4]);
            Assert.Equal(0, reply[^3]);
        }
    }

    [Fact]
    public void ACookieAloneIsAnsweredWithOne()
    {
        var reply = new TestZone().Send(Convert.FromHexString("123401000000000000000001" + "00002904D000000000000C" + "000A00080102030405060708"))!;
        Assert.Equal((0, 1), (DnsHeader.QuestionCount(reply), DnsHeader.AdditionalCount(reply)));
        Assert.Equal("NOERROR", DnsResponse.Read(reply).Code.Mnemonic());
        Assert.Equal(DnsHeader.Size + 11 + 4 + 24, reply.Length);
    }

    /// <summary>A cookie is the same for the same client and time, and another for any other.</summary>
    [Fact]
    public void ACookieIsBoundToItsClient()
    {
        var cookies = new[] { ("0102030405060708", "10.0.0.1"), ("0102030405060708", "10.0.0.1"), ("0102030405060709", "10.0.0.1"), ("0102030405060708", "10.0.0.2") }.Select(pair =>
        {
            var cookie = new byte[ServerCookies.Size];
            Convert.FromHexString(pair.Item1).CopyTo(cookie, 0);
            ServerCookies.Complete(cookie, System.Net.IPAddress.Parse(pair.Item2).GetAddressBytes(), DateTimeOffset.UnixEpoch);
            return Convert.ToHexString(cookie.AsSpan(16));
        }).ToList();
        Assert.Equal(cookies[0], cookies[1]);
        Assert.Equal(3, cookies.Distinct().Count());
    }

    /// <summary>The vector of the paper: key 00 to 0F, message 00 to 0E.</summary>
    [Fact]
    public void SipHashIsThatOfItsAuthors() =>
        Assert.Equal(0xA129CA6149BE45E5, SipHash.Compute([.. Enumerable.Range(0, 16).Select(i => (byte)i)], [.. Enumerable.Range(0, 15).Select(i => (byte)i)]));

    [Theory]
    [InlineData(null, 512, 29)]
    [InlineData(512, 512, 28)]
    [InlineData(1232, 1232, 73)]
    [InlineData(4096, 1232, 73)]
    [InlineData(0, 512, 28)]
    public void ADatagramHoldsWholeRecordsUpToTheClientsSize(int? payloadSize, int limit, int records)
    {
        var zone = new TestZone();
        LargeZones.AddHeadless(zone, "big", endpoints: 100);
        var response = zone.Ask("big.testns.svc.cluster.local", RecordType.A, tcp: false, payloadSize);
        Assert.True(response.IsTruncated);
        Assert.Equal(records, response.Answers.Count);
        Assert.InRange(response.Size, limit - 16, limit);
        Assert.Equal(records, response.Answers.Distinct().Count());

        var whole = zone.Ask("big.testns.svc.cluster.local", RecordType.A, tcp: true, payloadSize);
        Assert.Equal((false, 100), (whole.IsTruncated, whole.Answers.Distinct().Count()));
    }

    [Fact]
    public void AnswersTooLongForTcpAreCutAsWell()
    {
        var zone = new TestZone();
        LargeZones.AddHeadless(zone, "huge", endpoints: 6000);
        var addresses = zone.Ask("huge.testns.svc.cluster.local", RecordType.A);
        Assert.True(addresses.IsTruncated);
        Assert.InRange(addresses.Size, ushort.MaxValue - 16, ushort.MaxValue);
        var ports = zone.Ask("_http._tcp.huge.testns.svc.cluster.local", RecordType.SRV);
        Assert.True(ports.IsTruncated);
        Assert.InRange(ports.Size, ushort.MaxValue - 100, ushort.MaxValue);
    }

    /// <summary>RFC 2181, 9: what is missing of the additional section does not make an answer incomplete.</summary>
    [Fact]
    public void GlueThatDoesNotFitIsLeftOutSilently()
    {
        var zone = new TestZone();
        LargeZones.AddHeadless(zone, "few", endpoints: 7);
        var response = zone.Ask("_http._tcp.few.testns.svc.cluster.local", RecordType.SRV, tcp: false);
        Assert.False(response.IsTruncated);
        Assert.Equal(7, response.Answers.Count);
        Assert.InRange(response.Additionals.Count, 0, 6);
    }

    [Fact]
    public void EveryAddressComesFirstSometimes()
    {
        var zone = new TestZone();
        LargeZones.AddHeadless(zone, "three", endpoints: 3);
        var first = Enumerable.Range(0, 200).Select(_ => zone.Ask("three.testns.svc.cluster.local", RecordType.A).Answers[0]).Distinct();
        Assert.Equal(3, first.Count());
    }

    [Fact]
    public void AnExternalTargetIsForwardedWithItsChain()
    {
        var zone = new TestZone(forwards: true);
        zone.AddNamespace("testns");
        zone.Add(new Api.Service { Metadata = new() { Namespace = "testns", Name = "a" }, Spec = new() { Type = "ExternalName", ExternalName = "b.testns.svc.cluster.local" } });
        zone.Add(new Api.Service { Metadata = new() { Namespace = "testns", Name = "b" }, Spec = new() { Type = "ExternalName", ExternalName = "www.example.com" } });
        var request = zone.Forwarded("a.testns.svc.cluster.local", RecordType.A);
        Assert.Equal("www.example.com.", DnsName.Format(request!.Name));
        Assert.Equal(["b.testns.svc.cluster.local.", "www.example.com."], request.Aliases.Select(alias => DnsName.Format(alias)));
    }
}
