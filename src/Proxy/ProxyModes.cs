using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Net.Sockets;
using Dataplane.Linux;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink;
using Dataplane.Proxy.ConnectionTracking;
using Dataplane.Proxy.Iptables;
using Dataplane.Proxy.Ipvs;
using Dataplane.Proxy.Nftables;
using Dataplane.Proxy.Userspace;
using Dataplane.Proxy.Userspace.Relay;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy;

/// <summary>The modes that are built, by the name --proxy-mode gives them.</summary>
public static class ProxyModes
{
    private static readonly ImmutableArray<(string Name, Func<ProxyModeContext, IProxyMode> Create)> Built =
    [
        // Before iptables: its chains lead to some of those that iptables has too.
        (IpvsMode.ModeName, context => new FlowCleaningMode(new IpvsMode(context), context, hasAddresses: true)),
        (NftablesMode.ModeName, context => new FlowCleaningMode(new NftablesMode(context), context)),
        (IptablesMode.ModeName, context => new FlowCleaningMode(new IptablesMode(context), context)),
        (UserspaceMode.ModeName, context => new FlowCleaningMode(new UserspaceMode(context, new RelayOptions()), context, relayed: true)),
    ];

    /// <summary>Every mode that <see cref="ProxyOptions.Mode"/> may name.</summary>
    public static ImmutableArray<string> Names => [.. Built.Select(mode => mode.Name)];

    /// <summary>Why this kernel cannot have a mode, in its own words; null when it can, or when only trying tells.</summary>
    /// <param name="name">The mode.</param>
    /// <param name="networkNamespace">Null for the process's own.</param>
    public static string? Missing(string name, NetworkNamespace? networkNamespace) =>
        name == IpvsMode.ModeName ? IpvsMode.Missing(networkNamespace) : null;

    /// <exception cref="ProxyModeException">There is no such mode, and the message names those there are; or the kernel cannot have it.</exception>
    internal static IProxyMode Create(string name, ProxyModeContext context)
    {
        if (Missing(name, context.Namespace) is { } missing)
        {
            throw new ProxyModeException($"proxy mode \"{name}\" needs what this kernel has not: {missing}");
        }

        foreach (var mode in Built)
        {
            if (mode.Name == name)
            {
                return mode.Create(context);
            }
        }

        throw new ProxyModeException($"proxy mode \"{name}\" is not built; there are: {string.Join(", ", Names)}");
    }

    /// <summary>Removes what modes other than one left in the namespace, in this or an earlier process.</summary>
    /// <param name="name">The mode to leave alone; null for none.</param>
    /// <param name="context">Where.</param>
    internal static async Task CleanupAllButAsync(string? name, ProxyModeContext context)
    {
        foreach (var (other, create) in Built)
        {
            if (other != name)
            {
                await using var mode = create(context with { Successor = name });
                try
                {
                    mode.Cleanup();
                }
                catch (NetlinkException none) when (none.Errno == Errno.EOPNOTSUPP)
                {
                    // A kernel that does not have what the mode is made of has nothing of it either.
                }
            }
        }
    }
}

/// <summary>A mode that cannot be had.</summary>
public sealed class ProxyModeException(string message) : Exception(message);

/// <summary>What a mode is made of.</summary>
/// <param name="Namespace">Where its rules and sockets live; null for the process's own.</param>
/// <param name="MasqueradeMark">The packet mark, a single bit, that asks for masquerading.</param>
/// <param name="RulesTouched">To be called, from any thread, when somebody else may have changed what the mode rendered: <see cref="IProxyMode.IsIntact"/> follows.</param>
/// <param name="Loggers">Loggers.</param>
/// <param name="Time">Clock.</param>
public sealed record ProxyModeContext(NetworkNamespace? Namespace, uint MasqueradeMark, Action RulesTouched, ILoggerFactory Loggers, TimeProvider Time)
{
    /// <summary>Configuration of mode ipvs.</summary>
    public IpvsOptions Ipvs { get; init; } = new();

    /// <summary>Of a mode that is there to clean up: the mode whose rules stay; null for none.</summary>
    public string? Successor { get; init; }

    /// <summary>Told during a whole plan's way into the kernel how many of its Services are there, and of how many.</summary>
    public Action<int, int>? Loading { get; init; }

    /// <summary>Told how many flows of a family were deleted after a change, and how long that took.</summary>
    public Action<AddressFamily, int, TimeSpan>? FlowsDeleted { get; init; }

    /// <summary>For figures that only one mode has; null when nobody reads them.</summary>
    public Meter? Meter { get; init; }

    /// <summary>Told by mode iptables after every plan put into force how many rules it has in a table ("filter", "nat") of a family ("IPv4", "IPv6").</summary>
    public Action<string, string, int>? RulesCounted { get; init; }
}
