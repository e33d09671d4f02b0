namespace Dataplane.Proxy.Iptables.Rules;

/// <summary>A set that a rule looks at, and which of a packet's addresses and ports it looks for.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Directions"><c>dst,dst</c> or <c>dst,dst,src</c>: as many as an element of the set has parts, a port counting with its protocol.</param>
/// <param name="Index">The kernel's number of it, which is what rules in the kernel hold.</param>
internal readonly record struct RuleSet(string Name, string Directions, ushort Index);
