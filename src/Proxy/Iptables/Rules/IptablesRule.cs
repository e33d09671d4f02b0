using System.Net;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Iptables.Rules;

/// <summary>
/// One rule in the words of iptables: what every rule may name by itself, then extensions in the order of their <c>-m</c>, then what to do.
/// </summary>
/// <param name="Target">What to do; null for a rule that only says something.</param>
/// <param name="Matches">Extensions, all of which must match.</param>
internal sealed record IptablesRule(RuleTarget? Target, params IReadOnlyList<RuleMatch> Matches)
{
    /// <summary><c>-p</c>; null for any.</summary>
    internal TransportProtocol? Protocol { get; init; }

    /// <summary><c>-s</c>; null for any.</summary>
    internal RuleNetwork? Source { get; init; }

    /// <summary><c>-d</c>; null for any.</summary>
    internal RuleNetwork? Destination { get; init; }

    /// <summary><c>-i</c>; null for any.</summary>
    internal RuleInterface? Input { get; init; }
}

/// <summary>A network or, negated, everything else.</summary>
internal readonly record struct RuleNetwork(IPNetwork Network, bool Negate = false)
{
    internal static RuleNetwork Of(IPAddress address) => new(new IPNetwork(address, address.GetAddressBytes().Length * 8));
}

/// <summary>An interface, or all whose names begin so (<c>NAME+</c>); negated, every other one.</summary>
internal readonly record struct RuleInterface(string Name, bool IsPrefix, bool Negate = false);
