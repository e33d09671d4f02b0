using System.Net;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>Who may ask what: the first rule that fits decides, and without one everybody may.</summary>
internal static class AccessList
{
    /// <param name="rules">In their order.</param>
    /// <param name="name">Asked for.</param>
    /// <param name="type">Asked for.</param>
    /// <param name="client">4 or 16 address bytes.</param>
    internal static AccessAction Decide(AccessRule[] rules, in NameView name, RecordType type, ReadOnlySpan<byte> client)
    {
        foreach (var rule in rules)
        {
            if (NameSuffix.AnyCovers(rule.Zones, name) && (rule.Types.Length == 0 || rule.Types.AsSpan().Contains(type))
                && (rule.Sources.Length == 0 || Contains(rule.Sources, client)))
            {
                return rule.Action;
            }
        }

        return AccessAction.Allow;
    }

    /// <summary>Whether an address is in any of several networks; an IPv4 address in an IPv6 one never is.</summary>
    internal static bool Contains(IPNetwork[] networks, ReadOnlySpan<byte> client)
    {
        Span<byte> prefix = stackalloc byte[16];
        foreach (var network in networks)
        {
            network.BaseAddress.TryWriteBytes(prefix, out var size);
            if (size == client.Length && SamePrefix(prefix, client, network.PrefixLength))
            {
                return true;
            }
        }

        return false;
    }

    private static bool SamePrefix(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> address, int bits)
    {
        var whole = bits / 8;
        return prefix[..whole].SequenceEqual(address[..whole]) && (bits % 8 == 0 || (prefix[whole] ^ address[whole]) >> (8 - (bits % 8)) == 0);
    }
}
