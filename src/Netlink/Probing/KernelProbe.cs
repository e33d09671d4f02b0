using Dataplane.Linux;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Nftables.Expressions;
using Dataplane.Netlink.Nftables.Xtables;
using Dataplane.Netlink.Route;
using static Dataplane.Netlink.Nftables.NftRegister;

namespace Dataplane.Netlink.Probing;

/// <summary>
/// Finds out what the kernel can do by doing it, in a network namespace made for the purpose and removed again: version numbers and
/// configuration files say what was built, not what works here.
/// </summary>
public static class KernelProbe
{
    private static readonly NftBaseChain NatChain = NftBaseChain.Nat(NftHook.Prerouting);
    private static readonly NftBaseChain Postrouting = NftBaseChain.Nat(NftHook.Postrouting);
    private static readonly NftBaseChain Filter = NftBaseChain.Filter(NftHook.Prerouting);
    private static readonly NftBaseChain Input = NftBaseChain.Filter(NftHook.Input);
    private const byte Tcp = 6;

    private static readonly NftExpression[] ToTcpPort =
        [new Meta(MetaKey.TransportProtocol, R1), Compare.Equal(R1, NftValue.U8(6)), new Immediate(R1, NftValue.Port(1))];

    private static readonly (string Feature, Action<NftBatch, NftTable> Build)[] Transactions =
    [
        ("", (_, _) => { }),
        ("maps", (batch, table) => batch.AddMap(new NftMap(table, "m", [NftType.InetProtocol, NftType.InetService], [NftType.Verdict]))),
        ("ranges", (batch, table) => batch.AddSet(new NftSet(table, "s", NftType.InetProtocol, NftType.InetService) { Flags = NftSetFlags.Interval })),
        ("affinity sets", AddAffinity),
        ("numgen", (batch, table) => AddRule(batch, table, Filter, new NumberGenerator(R1, 2))),
        ("fib", (batch, table) => AddRule(batch, table, Filter, new Fib(FibFlags.Destination, FibResult.AddressType, R1))),
        ("ct", (batch, table) => AddRule(batch, table, Filter, new Conntrack(ConntrackKey.Status, R1))),
        ("dnat", (batch, table) => AddRule(batch, table, NatChain, [.. ToTcpPort, new Nat(NatType.Destination, table.Family, Port: R1)])),
        ("redirect", (batch, table) => AddRule(batch, table, NatChain, new Redirect())),
        ("masquerade", (batch, table) => AddRule(batch, table, Postrouting, new Masquerade(NatFlags.FullyRandom))),
        ("reject", (batch, table) => AddRule(batch, table, Input, [.. ToTcpPort, Reject.TcpReset])),
        ("tproxy", (batch, table) => AddRule(batch, table, Filter, [.. ToTcpPort, new TransparentProxy(table.Family, Port: R1)])),
        ("socket", (batch, table) => AddRule(batch, table, Filter, new SocketMatch(SocketKey.Transparent, R1))),
        ("xtables", AddXtables),
    ];

    /// <summary>Tries everything. Takes some milliseconds; needs CAP_SYS_ADMIN and CAP_NET_ADMIN.</summary>
    /// <exception cref="LinuxException">No namespace could be made.</exception>
    public static IReadOnlyList<KernelFeature> Run()
    {
        var name = $"dp-probe-{Guid.NewGuid().ToString("N")[..8]}";
        using var networkNamespace = NetworkNamespace.Create(name);
        try
        {
            return
            [
                Try("bridge", () => WithRoute(networkNamespace, route => route.DeleteLink(route.CreateBridge("dp-probe0")))),
                Try("veth", () => WithRoute(networkNamespace, route => route.DeleteLink(route.CreateVeth("dp-probe0", "dp-probe1", networkNamespace)))),
                .. Families(networkNamespace),
            ];
        }
        finally
        {
            NetworkNamespace.Delete(name);
        }
    }

    /// <summary>
    /// Whether nf_tables takes rules with the extensions of x_tables that iptables mode writes: tried in a namespace in use, by a transaction that makes
    /// a table and removes it again.
    /// </summary>
    /// <param name="networkNamespace">Null for the calling thread's.</param>
    public static KernelFeature Xtables(NetworkNamespace? networkNamespace) => Try("nftables ip xtables", () => Commit(networkNamespace, new NftTable(NftFamily.Ip, "dp-probe"), (batch, table) =>
    {
        AddXtables(batch, table);
        batch.DeleteTable(table);
    }));

    /// <summary>Every feature has a table of its own, which goes with the namespace: removing one makes the kernel wait for all its processors.</summary>
    private static List<KernelFeature> Families(NetworkNamespace networkNamespace)
    {
        var features = new List<KernelFeature>();
        foreach (var family in new[] { NftFamily.Ip, NftFamily.Ip6 })
        {
            var prefix = $"nftables {family.ToString().ToLowerInvariant()}";
            foreach (var (feature, build) in Transactions)
            {
                var name = feature.Length == 0 ? prefix : $"{prefix} {feature}";
                features.Add(Try(name, () => Commit(networkNamespace, new NftTable(family, $"dp-probe{features.Count}"), build)));
            }
        }

        return features;
    }

    private static void AddAffinity(NftBatch batch, NftTable table)
    {
        batch.AddSet(new NftSet(table, "s", NftType.InetService) { Flags = NftSetFlags.Dynamic | NftSetFlags.Timeout, Timeout = TimeSpan.FromHours(1) });
        AddRule(batch, table, Filter, Payload.DestinationPort(R1), new DynamicSet("s", DynamicSetOperation.Update, R1));
    }

    // Not DNAT and MASQUERADE: they are for tables named nat alone, and such a table may be in use.
    private static void AddXtables(NftBatch batch, NftTable table)
    {
        batch.AddChain(table, "pre", NatChain);
        batch.AddXtRule(
            table, "pre", Tcp, NftRulePlace.Last, report: false, new XtComment("probe"), new XtStatistic(1), new XtConntrackState(XtConntrackStates.New),
            new XtAddressType(OfSource: false), new XtRecent("dp-probe"), new XtTransport("tcp"), new Counter(), XtMark.Or(1));
    }

    private static void AddRule(NftBatch batch, NftTable table, NftBaseChain chain, params ReadOnlySpan<NftExpression> expressions)
    {
        batch.AddChain(table, "c", chain);
        batch.AddRule(table, "c", expressions);
    }

    private static void Commit(NetworkNamespace? networkNamespace, NftTable table, Action<NftBatch, NftTable> build)
    {
        using var nftables = NftablesConnection.Open(networkNamespace);
        var batch = new NftBatch();
        batch.AddTable(table);
        build(batch, table);
        nftables.Commit(batch);
    }

    private static void WithRoute(NetworkNamespace networkNamespace, Action<RouteConnection> body)
    {
        using var route = RouteConnection.Open(networkNamespace);
        body(route);
    }

    private static KernelFeature Try(string name, Action attempt)
    {
        try
        {
            attempt();
            return new KernelFeature(name, true);
        }
        catch (Exception refused) when (refused is NetlinkException or LinuxException)
        {
            return new KernelFeature(name, false, refused.Message);
        }
    }
}
