using System.Net;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Nftables.Rules;

/// <summary>
/// What a rule is made of: the few statements this mode needs, each a line that <c>nft</c> could print. A match that fails ends its rule; an
/// unsuccessful look-up is one.
/// </summary>
internal abstract record Statement
{
    /// <summary>ip saddr|daddr [!=] NETWORK.</summary>
    internal sealed record MatchNetwork(Field Address, IPNetwork Network, bool Negate = false) : Statement;

    /// <summary>iifname [!=] "name" or "prefix*".</summary>
    internal sealed record MatchInterface(string Name, bool IsPrefix, bool Negate = false) : Statement;

    /// <summary>fib saddr|daddr type local: one of the node's own addresses.</summary>
    internal sealed record MatchOwnAddress(Field Address) : Statement;

    /// <summary>FIELD . FIELD ... [!=] @set.</summary>
    internal sealed record MatchSet(Field[] Key, string Set, bool Negate = false) : Statement;

    /// <summary>meta mark and MASK != 0.</summary>
    internal sealed record MatchMark(uint Mask) : Statement;

    /// <summary>ct status [!] dnat: the connection's destination was changed.</summary>
    internal sealed record MatchDestinationChanged(bool Negate = false) : Statement;

    /// <summary>ct state [!] established,related: a packet of a connection that was let through.</summary>
    internal sealed record MatchEstablished(bool Negate = false) : Statement;

    /// <summary>ct state invalid: a packet of no connection known.</summary>
    internal sealed record MatchInvalid : Statement;

    /// <summary>meta mark set meta mark or BIT.</summary>
    internal sealed record SetMark(uint Bit) : Statement;

    /// <summary>meta mark set meta mark xor BIT.</summary>
    internal sealed record ToggleMark(uint Bit) : Statement;

    /// <summary>masquerade fully-random.</summary>
    internal sealed record Masquerade : Statement;

    /// <summary>meta l4proto PROTOCOL.</summary>
    internal sealed record MatchProtocol(TransportProtocol Protocol) : Statement;

    /// <summary>reject: an ICMP port unreachable.</summary>
    internal sealed record Reject : Statement;

    /// <summary>reject with tcp reset.</summary>
    internal sealed record Reset : Statement;

    /// <summary>drop.</summary>
    internal sealed record Drop : Statement;

    /// <summary>jump CHAIN.</summary>
    internal sealed record Jump(string Chain) : Statement;

    /// <summary>goto CHAIN.</summary>
    internal sealed record Goto(string Chain) : Statement;

    /// <summary>FIELD . FIELD ... vmap @map.</summary>
    internal sealed record VerdictMap(Field[] Key, string Map) : Statement;

    /// <summary>dnat to FIELD . FIELD ... . numgen random mod SLOTS map @endpoints.</summary>
    internal sealed record Dnat(EndpointSets Sets, int Slots) : Statement;

    /// <summary>
    /// Counts the packet for the front end its connection was made to and the endpoint that has it, whichever way the packet goes.
    /// <code>update @set { ct original daddr . meta l4proto . ct original proto-dst . ct reply saddr . ct reply proto-src timeout 1h counter }</code>
    /// </summary>
    internal sealed record Count(string Set) : Statement;

    /// <summary>meta priority and BIT != 0.</summary>
    internal sealed record MatchPriority(uint Bit) : Statement;

    /// <summary>meta priority set none.</summary>
    internal sealed record ClearPriority : Statement;

    /// <summary>
    /// Takes the number of the endpoint the client had into the packet's priority, and renews the client's time-out.
    /// <code>meta priority set ip saddr . FRONTEND map @affinity; update @affinity { ip saddr . FRONTEND timeout TIMEOUT : meta priority }</code>
    /// </summary>
    internal sealed record Recall(EndpointSets Sets, TimeSpan Timeout) : Statement;

    /// <summary>Takes the number of any endpoint: meta priority set FRONTEND . numgen random mod SLOTS map @affine-slots.</summary>
    internal sealed record PickNumber(EndpointSets Sets, int Slots) : Statement;

    /// <summary>
    /// Puts the client into the affinity map with the number in the packet's priority. An update would keep a number that is there, so that goes
    /// first.
    /// <code>delete @affinity { ip saddr . FRONTEND : meta priority }; update @affinity { ip saddr . FRONTEND timeout TIMEOUT : meta priority }</code>
    /// </summary>
    internal sealed record Remember(EndpointSets Sets, TimeSpan Timeout) : Statement;

    /// <summary>dnat to FRONTEND . meta priority map @affine-endpoints.</summary>
    internal sealed record DnatByNumber(EndpointSets Sets) : Statement;
}
