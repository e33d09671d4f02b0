using System.Net;

namespace Dataplane.Proxy.Iptables.Rules;

/// <summary>What becomes of a packet that a rule matches.</summary>
internal abstract record RuleTarget
{
    /// <summary>-j CHAIN.</summary>
    internal sealed record Jump(string Chain) : RuleTarget;

    /// <summary>-j ACCEPT.</summary>
    internal sealed record Accept : RuleTarget;

    /// <summary>-j DROP.</summary>
    internal sealed record Drop : RuleTarget;

    /// <summary>-j RETURN.</summary>
    internal sealed record Return : RuleTarget;

    /// <summary>-j REJECT: an ICMP port unreachable.</summary>
    internal sealed record Reject : RuleTarget;

    /// <summary>-j MARK --or-mark BITS; the next rule follows.</summary>
    internal sealed record SetMark(uint Bits) : RuleTarget;

    /// <summary>-j MARK --xor-mark BITS; the next rule follows.</summary>
    internal sealed record ToggleMark(uint Bits) : RuleTarget;

    /// <summary>-j SET --map-set SET DIRECTIONS --map-mark: the element's mark, if there is one; the next rule follows.</summary>
    internal sealed record MapMark(RuleSet Set) : RuleTarget;

    /// <summary>-j MASQUERADE --random-fully.</summary>
    internal sealed record Masquerade : RuleTarget;

    /// <summary>-j DNAT --to-destination ADDRESS:PORT.</summary>
    internal sealed record DestinationNat(IPEndPoint Target) : RuleTarget;
}
