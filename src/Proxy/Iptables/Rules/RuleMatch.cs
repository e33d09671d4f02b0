using Dataplane.Netlink.Nftables.Xtables;

namespace Dataplane.Proxy.Iptables.Rules;

/// <summary>An extension that looks at a packet.</summary>
internal abstract record RuleMatch
{
    /// <summary>-m comment --comment "TEXT".</summary>
    internal sealed record Comment(string Text) : RuleMatch;

    /// <summary>-m PROTOCOL [--dport PORT], the rule's own protocol.</summary>
    internal sealed record Transport(ushort? DestinationPort = null) : RuleMatch;

    /// <summary>-m mark [!] --mark BITS/BITS.</summary>
    internal sealed record Mark(uint Bits, bool Negate = false) : RuleMatch;

    /// <summary>-m conntrack [!] --ctstate STATES.</summary>
    internal sealed record State(XtConntrackStates States, bool Negate = false) : RuleMatch;

    /// <summary>-m addrtype --src-type|--dst-type LOCAL: one of the node's own addresses.</summary>
    internal sealed record OwnAddress(bool OfSource) : RuleMatch;

    /// <summary>-m set --match-set SET DIRECTIONS.</summary>
    internal sealed record InSet(RuleSet Set) : RuleMatch;

    /// <summary>-m recent --name LIST --set.</summary>
    internal sealed record Remember(string List) : RuleMatch;

    /// <summary>-m recent --name LIST --rcheck --seconds SECONDS --reap.</summary>
    internal sealed record Remembered(string List, uint Seconds) : RuleMatch;

    /// <summary>-m statistic --mode random --probability 1/N.</summary>
    internal sealed record OneIn(int N) : RuleMatch;
}
