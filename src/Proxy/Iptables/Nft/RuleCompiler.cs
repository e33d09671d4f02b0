using System.Net;
using System.Text;
using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Nftables.Expressions;
using Dataplane.Netlink.Nftables.Xtables;
using Dataplane.Proxy.Iptables.Rules;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Iptables.Nft;

/// <summary>
/// Rules to the expressions that iptables-nft 1.8.9 would write for them, to the byte: native ones for addresses, protocol, interface, mark and the
/// ports of tcp and udp, x_tables extensions for the rest; a counter; the target.
/// </summary>
internal static class RuleCompiler
{
    private const NftRegister Register = NftRegister.R1;

    /// <summary>A rule's expressions in an <c>ip</c> or <c>ip6</c> table, into a list that is cleared first.</summary>
    internal static void Compile(IptablesRule rule, NftFamily family, List<NftExpression> into)
    {
        into.Clear();
        if (rule.Input is { } input)
        {
            into.Add(new Meta(MetaKey.InputName, Register));
            into.Add(new Compare(Register, Operation(input.Negate), InterfaceName(input)));
        }

        if (rule.Protocol is { } protocol)
        {
            into.Add(new Meta(MetaKey.TransportProtocol, Register));
            into.Add(Compare.Equal(Register, NftValue.U8((byte)protocol)));
        }

        AddNetwork(into, rule.Source, family == NftFamily.Ip ? Payload.Ipv4Source(Register) : Payload.Ipv6Source(Register));
        AddNetwork(into, rule.Destination, family == NftFamily.Ip ? Payload.Ipv4Destination(Register) : Payload.Ipv6Destination(Register));
        foreach (var match in rule.Matches)
        {
            AddMatch(into, match, rule.Protocol);
        }

        into.Add(new Counter());
        if (rule.Target is { } target)
        {
            into.Add(Target(target, family));
        }
    }

    private static void AddNetwork(List<NftExpression> into, RuleNetwork? network, Payload address)
    {
        if (network is not { } wanted || wanted.Network.PrefixLength == 0)
        {
            return;
        }

        var prefix = wanted.Network.PrefixLength;
        var bytes = wanted.Network.BaseAddress.GetAddressBytes();
        if (prefix % 8 == 0)
        {
            // Whole bytes of an address are loaded alone.
            into.Add(address with { Length = prefix / 8 });
            into.Add(new Compare(Register, Operation(wanted.Negate), NftValue.Of(bytes.AsSpan(0, prefix / 8))));
            return;
        }

        Span<byte> mask = stackalloc byte[bytes.Length];
        mask.Clear();
        mask[..(prefix / 8)].Fill(0xFF);
        mask[prefix / 8] = (byte)(0xFF00 >> (prefix % 8));
        into.Add(address);
        into.Add(new Bitwise(Register, Register, NftValue.Of(mask), NftValue.Of(new byte[bytes.Length])));
        into.Add(new Compare(Register, Operation(wanted.Negate), NftValue.Of(bytes)));
    }

    private static void AddMatch(List<NftExpression> into, RuleMatch match, TransportProtocol? protocol)
    {
        switch (match)
        {
            case RuleMatch.Comment comment:
                into.Add(new XtComment(comment.Text));
                break;
            case RuleMatch.Transport { DestinationPort: { } port } when protocol is TransportProtocol.Tcp or TransportProtocol.Udp:
                into.Add(Payload.DestinationPort(Register));
                into.Add(Compare.Equal(Register, NftValue.U16BigEndian(port)));
                break;
            case RuleMatch.Transport transport:
                into.Add(new XtTransport(NameOf(protocol), transport.DestinationPort));
                break;
            case RuleMatch.Mark mark:
                into.Add(new Meta(MetaKey.Mark, Register));
                into.Add(Bitwise.And(Register, mark.Bits));
                into.Add(new Compare(Register, Operation(mark.Negate), NftValue.U32(mark.Bits)));
                break;
            case RuleMatch.State state:
                into.Add(new XtConntrackState(state.States, state.Negate));
                break;
            case RuleMatch.OwnAddress own:
                into.Add(new XtAddressType(own.OfSource));
                break;
            case RuleMatch.InSet member:
                into.Add(new XtSet(member.Set.Index, member.Set.Directions));
                break;
            case RuleMatch.Remember remember:
                into.Add(new XtRecent(remember.List));
                break;
            case RuleMatch.Remembered known:
                into.Add(new XtRecent(known.List, known.Seconds));
                break;
            case RuleMatch.OneIn chance:
                into.Add(XtStatistic.OneIn(chance.N));
                break;
            default:
                throw new ArgumentException($"{match} has no expressions");
        }
    }

    private static NftExpression Target(RuleTarget target, NftFamily family) => target switch
    {
        RuleTarget.Jump jump => ImmediateVerdict.Jump(jump.Chain),
        RuleTarget.Accept => ImmediateVerdict.Accept,
        RuleTarget.Drop => ImmediateVerdict.Drop,
        RuleTarget.Return => ImmediateVerdict.Return,
        RuleTarget.Reject => new XtReject(family),
        RuleTarget.SetMark set => XtMark.Or(set.Bits),
        RuleTarget.ToggleMark toggle => XtMark.ExclusiveOr(toggle.Bits),
        RuleTarget.MapMark map => new XtSetMark(map.Set.Index, map.Set.Directions),
        RuleTarget.Masquerade => new XtMasquerade(family),
        RuleTarget.DestinationNat nat => new XtDestinationNat(nat.Target),
        _ => throw new ArgumentException($"{target} has no expression"),
    };

    private static string NameOf(TransportProtocol? protocol) => protocol switch
    {
        TransportProtocol.Tcp => "tcp",
        TransportProtocol.Udp => "udp",
        TransportProtocol.Sctp => "sctp",
        _ => throw new ArgumentException("a match on ports needs a protocol"),
    };

    // A whole name is compared with its closing NUL, a prefix without.
    private static NftValue InterfaceName(RuleInterface input) => NftValue.Of(Encoding.UTF8.GetBytes(input.IsPrefix ? input.Name : input.Name + "\0"));

    private static CompareOperation Operation(bool negate) => negate ? CompareOperation.NotEqual : CompareOperation.Equal;
}
