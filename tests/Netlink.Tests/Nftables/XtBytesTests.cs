using System.Net;
using System.Text.RegularExpressions;
using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Nftables.Expressions;
using Dataplane.Netlink.Nftables.Xtables;
using Dataplane.TestKit;
using static Dataplane.Netlink.Nftables.NftRegister;
using static Dataplane.Netlink.Nftables.NftValue;

namespace Dataplane.Netlink.Tests.Nftables;

/// <summary>Rules written by this encoder and by iptables-nft are the same bytes, as strace sees them.</summary>
public sealed partial class XtBytesTests
{
    private static readonly NftExpression[] IsTcp = [new Meta(MetaKey.TransportProtocol, R1), Compare.Equal(R1, U8(6))];

    /// <summary>Family, protocol, the rule in iptables' words, and in ours.</summary>
    public static TheoryData<string, int, string, NftExpression[]> Rules() => new()
    {
        {
            "ip", 6, "-p tcp -d 10.96.0.1 -m comment --comment \"ns/svc has no endpoints\" -m tcp --dport 80 -j REJECT",
            [
                .. IsTcp, Payload.Ipv4Destination(R1), Compare.Equal(R1, Address(IPAddress.Parse("10.96.0.1"))), new XtComment("ns/svc has no endpoints"),
                Payload.DestinationPort(R1), Compare.Equal(R1, Port(80)), new Counter(), new XtReject(NftFamily.Ip),
            ]
        },
        {
            "ip6", 6, "-p tcp -d fd00::1 -m tcp --dport 80 -j REJECT",
            [
                .. IsTcp, Payload.Ipv6Destination(R1), Compare.Equal(R1, Address(IPAddress.Parse("fd00::1"))),
                Payload.DestinationPort(R1), Compare.Equal(R1, Port(80)), new Counter(), new XtReject(NftFamily.Ip6),
            ]
        },
        {
            "ip", 0, "-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP",
            [
                new XtConntrackState(XtConntrackStates.Related | XtConntrackStates.Established | XtConntrackStates.DestinationNat, Negate: true), new Counter(),
                ImmediateVerdict.Drop,
            ]
        },
        { "ip", 0, "-m conntrack --ctstate INVALID,NEW", [new XtConntrackState(XtConntrackStates.Invalid | XtConntrackStates.New), new Counter()] },
        { "ip", 0, "-m addrtype --src-type LOCAL -j ACCEPT", [new XtAddressType(OfSource: true), new Counter(), ImmediateVerdict.Accept] },
        { "ip", 0, "-m addrtype --dst-type LOCAL -j RETURN", [new XtAddressType(OfSource: false), new Counter(), ImmediateVerdict.Return] },
        { "ip", 0, "-m recent --name dp-list --set", [new XtRecent("dp-list"), new Counter()] },
        { "ip6", 0, "-m recent --name dp-list --rcheck --seconds 10800 --reap", [new XtRecent("dp-list", 10800), new Counter()] },
        { "ip", 0, "-m statistic --mode random --probability 0.3333333333 -j OTHER", [XtStatistic.OneIn(3), new Counter(), ImmediateVerdict.Jump("OTHER")] },
        { "ip", 0, "-m statistic --mode random --probability 0.1428571429", [XtStatistic.OneIn(7), new Counter()] },
        { "ip", 0, "-m statistic --mode random --probability 0.5000000000", [XtStatistic.OneIn(2), new Counter()] },
        { "ip", 0, "-m statistic --mode random --probability 0.0002000000", [XtStatistic.OneIn(5000), new Counter()] },
        {
            "ip", 0, "-m mark ! --mark 0x4000/0x4000 -j RETURN",
            [new Meta(MetaKey.Mark, R1), Bitwise.And(R1, 0x4000), Compare.NotEqual(R1, U32(0x4000)), new Counter(), ImmediateVerdict.Return]
        },
        { "ip", 0, "-j MARK --or-mark 0x4000", [new Counter(), XtMark.Or(0x4000)] },
        { "ip", 0, "-j MARK --xor-mark 0x4000", [new Counter(), XtMark.ExclusiveOr(0x4000)] },
        { "ip", 6, "-p tcp -m tcp -j ACCEPT", [.. IsTcp, new XtTransport("tcp"), new Counter(), ImmediateVerdict.Accept] },
        {
            "ip", 17, "-p udp -m udp -j ACCEPT",
            [new Meta(MetaKey.TransportProtocol, R1), Compare.Equal(R1, U8(17)), new XtTransport("udp"), new Counter(), ImmediateVerdict.Accept]
        },
        {
            "ip", 132, "-p sctp -m sctp --dport 80 -j ACCEPT",
            [new Meta(MetaKey.TransportProtocol, R1), Compare.Equal(R1, U8(132)), new XtTransport("sctp", 80), new Counter(), ImmediateVerdict.Accept]
        },
        {
            "ip", 132, "-p sctp -m sctp -j ACCEPT",
            [new Meta(MetaKey.TransportProtocol, R1), Compare.Equal(R1, U8(132)), new XtTransport("sctp"), new Counter(), ImmediateVerdict.Accept]
        },
    };

    public static TheoryData<string, int, string, NftExpression[]> NatRules() => new()
    {
        {
            "ip", 6, "-p tcp -m tcp -j DNAT --to-destination 10.244.1.5:8080",
            [.. IsTcp, new XtTransport("tcp"), new Counter(), new XtDestinationNat(IPEndPoint.Parse("10.244.1.5:8080"))]
        },
        {
            "ip6", 6, "-p tcp -m tcp -j DNAT --to-destination [fd00::5]:8080",
            [.. IsTcp, new XtTransport("tcp"), new Counter(), new XtDestinationNat(IPEndPoint.Parse("[fd00::5]:8080"))]
        },
        { "ip", 0, "-j MASQUERADE --random-fully", [new Counter(), new XtMasquerade(NftFamily.Ip)] },
        { "ip6", 0, "-j MASQUERADE --random-fully", [new Counter(), new XtMasquerade(NftFamily.Ip6)] },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public Task RulesAreWhatIptablesSends(string family, int protocol, string rule, NftExpression[] expressions) =>
        AssertSameBytesAsync("filter", family, protocol, rule, expressions);

    [Theory]
    [MemberData(nameof(NatRules))]
    public Task NatRulesAreWhatIptablesSends(string family, int protocol, string rule, NftExpression[] expressions) =>
        AssertSameBytesAsync("nat", family, protocol, rule, expressions);

    [Fact]
    public void AnOverlongCommentIsCut()
    {
        var rule = new NftBatch();
        rule.AddXtRule(new NftTable(NftFamily.Ip, "filter"), "C", 0, NftRulePlace.Last, report: false, new XtComment(new string('ä', 200)));

        Assert.Contains(Convert.ToHexString([.. Enumerable.Repeat<byte[]>([0xC3, 0xA4], 127).SelectMany(bytes => bytes), 0, 0]), Convert.ToHexString(rule.Finish(1)));
    }

    [Fact]
    public void RulesGoWhereTheyAreWantedAndTellTheirHandles()
    {
        using var network = new TestNetwork();
        using var nftables = NftablesConnection.Open(network.AddHost("a").Namespace);
        var table = new NftTable(NftFamily.Ip, "filter");
        var batch = new NftBatch();
        batch.AddTable(table);
        batch.AddChain(table, "C");
        batch.AddXtRule(table, "C", 0, NftRulePlace.Last, report: true, new XtComment("second"), new Counter());
        batch.AddXtRule(table, "C", 0, NftRulePlace.Last, report: false, new XtComment("last"), new Counter());
        var before = nftables.Generation();
        var second = Assert.Single(nftables.CommitReporting(batch));
        Assert.Equal(before + 1, nftables.Generation());

        batch.Clear();
        batch.AddXtRule(table, "C", 0, NftRulePlace.First, report: true, new XtComment("first"), ImmediateVerdict.Jump("D"));
        batch.AddXtRule(table, "C", 0, NftRulePlace.Before(second), report: true, new XtComment("between"), new Counter());
        Assert.Throws<NetlinkException>(() => nftables.CommitReporting(batch));
        var withTarget = new NftBatch();
        withTarget.AddChain(table, "D");
        nftables.Commit(withTarget);
        var handles = nftables.CommitReporting(batch);

        var rules = nftables.Rules(table, "C");
        Assert.Equal([handles[0], handles[1], second], rules.Select(rule => rule.Handle).Take(3));
        Assert.Equal(["D", null, null, null], rules.Select(rule => rule.JumpTarget));
        Assert.Equal(4, rules.Count);
    }

    private static async Task AssertSameBytesAsync(string table, string family, int protocol, string rule, NftExpression[] expressions)
    {
        using var network = new TestNetwork();
        var restore = Tools.Require(family == "ip" ? "iptables-nft-restore" : "ip6tables-nft-restore");
        var input = $"*{table}\n:OTHER - [0:0]\n:C - [0:0]\n-A C {rule}\nCOMMIT\n";
        var traced = await Tools.RunAsync(
            network.AddHost("a").Namespace, "strace", ["-e", "trace=sendmsg", "-e", "write=all", "-o", "/dev/stderr", restore, "--noflush"], input);
        traced.OutputOrThrow();
        var batch = new NftBatch();
        batch.AddXtRule(
            new NftTable(family == "ip" ? NftFamily.Ip : NftFamily.Ip6, table), "C", (byte)protocol, NftRulePlace.Last, report: false, expressions);

        Assert.Equal(OfStrace(traced.Error).Where(message => message.StartsWith("message 6 ")), MessageTree.OfDatagram(batch.Finish(1)));
    }

    /// <summary>The messages in what strace saw written: <c> | 00010  63 6f 6d 6d 65 6e 74 00  08 00 ... |</c>, the offset 0 for every buffer anew.</summary>
    private static List<string> OfStrace(string output)
    {
        var buffers = new List<List<byte>>();
        foreach (Match line in HexLine().Matches(output))
        {
            if (line.Groups[1].Value.All(digit => digit == '0'))
            {
                buffers.Add([]);
            }

            buffers[^1].AddRange(Convert.FromHexString(line.Groups[2].Value.Replace(" ", "")));
        }

        return [.. buffers.SelectMany(buffer => MessageTree.OfDatagram([.. buffer]))];
    }

    [GeneratedRegex(@"^ \| ([0-9a-f]{5})  ((?:[0-9a-f]{2} {1,2}){1,16})", RegexOptions.Multiline)]
    private static partial Regex HexLine();
}
