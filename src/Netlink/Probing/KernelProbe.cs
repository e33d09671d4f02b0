using Dataplane.Linux;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Nftables.Expressions;
using Dataplane.Netlink.Route;
using static Dataplane.Netlink.Nftables.NftRegister;

namespace Dataplane.Netlink.Probing;

/// <summary>
/// Finds out what the kernel can do by doing it, in a network namespace made for the purpose and removed again: version numbers and
/// configuration files say what was built, not what works here.
/// </summary>
public static class KernelProbe
{
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

    private static IEnumerable<KernelFeature> Families(NetworkNamespace networkNamespace)
    {
        foreach (var family in new[] { NftFamily.Ip, NftFamily.Ip6 })
        {
            var prefix = $"nftables {family.ToString().ToLowerInvariant()}";
            var table = new NftTable(family, "dp-probe");
            foreach (var (feature, build) in Transactions(table))
            {
                yield return Try(feature.Length == 0 ? prefix : $"{prefix} {feature}", () => Commit(networkNamespace, table, build));
            }
        }
    }

    private static IEnumerable<(string Feature, Action<NftBatch> Build)> Transactions(NftTable table)
    {
        var nat = NftBaseChain.Nat(NftHook.Prerouting);
        var postrouting = NftBaseChain.Nat(NftHook.Postrouting);
        var filter = NftBaseChain.Filter(NftHook.Prerouting);
        var input = NftBaseChain.Filter(NftHook.Input);
        NftExpression[] isTcp = [new Meta(MetaKey.TransportProtocol, R1), Compare.Equal(R1, NftValue.U8(6))];

        yield return ("", _ => { });
        yield return ("maps", batch => batch.AddMap(new NftMap(table, "m", [NftType.InetProtocol, NftType.InetService], [NftType.Verdict])));
        yield return ("ranges", batch => batch.AddSet(new NftSet(table, "s", NftType.InetProtocol, NftType.InetService) { Flags = NftSetFlags.Interval }));
        yield return ("affinity sets", batch => AddAffinity(batch, table));
        yield return ("numgen", batch => AddRule(batch, table, filter, [new NumberGenerator(R1, 2)]));
        yield return ("fib", batch => AddRule(batch, table, filter, [new Fib(FibFlags.Destination, FibResult.AddressType, R1)]));
        yield return ("ct", batch => AddRule(batch, table, filter, [new Conntrack(ConntrackKey.Status, R1)]));
        yield return ("dnat", batch => AddRule(batch, table, nat, [.. isTcp, new Immediate(R1, NftValue.Port(1)), new Nat(NatType.Destination, table.Family, Port: R1)]));
        yield return ("redirect", batch => AddRule(batch, table, nat, [new Redirect()]));
        yield return ("masquerade", batch => AddRule(batch, table, postrouting, [new Masquerade(NatFlags.FullyRandom)]));
        yield return ("reject", batch => AddRule(batch, table, input, [.. isTcp, Reject.TcpReset]));
        yield return ("tproxy", batch => AddRule(batch, table, filter, [.. isTcp, new Immediate(R1, NftValue.Port(1)), new TransparentProxy(table.Family, Port: R1)]));
        yield return ("socket", batch => AddRule(batch, table, filter, [new SocketMatch(SocketKey.Transparent, R1)]));
    }

    private static void AddAffinity(NftBatch batch, NftTable table)
    {
        batch.AddSet(new NftSet(table, "s", NftType.InetService) { Flags = NftSetFlags.Dynamic | NftSetFlags.Timeout, Timeout = TimeSpan.FromHours(1) });
        AddRule(batch, table, NftBaseChain.Filter(NftHook.Prerouting), [Payload.DestinationPort(R1), new DynamicSet("s", DynamicSetOperation.Update, R1)]);
    }

    private static void AddRule(NftBatch batch, NftTable table, NftBaseChain chain, NftExpression[] expressions)
    {
        batch.AddChain(table, "c", chain);
        batch.AddRule(table, "c", expressions);
    }

    private static void Commit(NetworkNamespace networkNamespace, NftTable table, Action<NftBatch> build)
    {
        using var nftables = NftablesConnection.Open(networkNamespace);
        var batch = new NftBatch();
        batch.DestroyTable(table);
        batch.AddTable(table);
        build(batch);
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
