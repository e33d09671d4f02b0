using System.Net.Sockets;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Ipset;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Ipvs.Rendering;
using Dataplane.Proxy.Ipvs.Rules;
using Dataplane.Proxy.Planning;
using Dataplane.TestKit;

namespace Dataplane.Proxy.Tests.Ipvs;

/// <summary>The rules of mode ipvs on this machine's own kernel, which need not have IPVS for them, but ipset: iptables shows what was meant.</summary>
public sealed class FixedRulesTests
{
    public static TheoryData<AddressFamily> Families() => [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];

    /// <summary>nf_tables holds, to iptables-save's eyes, what iptables-restore was told to put into legacy tables.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public async Task BothTablesShowTheSameRules(AddressFamily family)
    {
        using var network = new TestNetwork();
        var node = network.AddHost("node").Namespace;
        using var sets = Sets(node, family);
        var rules = Build(family, sets);
        using var nft = new NftFixedRules(node);
        using var legacy = new LegacyFixedRules(node);
        foreach (var store in new IFixedRules[] { nft, legacy })
        {
            store.Write(rules);
            store.Write(rules);
            Assert.True(store.IsIntact(rules));
            Assert.False(store.AreInUse(rules));
        }

        var (shownByNft, shownByLegacy) = (await ShowAsync(node, family, "nft"), await ShowAsync(node, family, "legacy"));
        Assert.Contains(shownByNft, line => line.Contains("--match-set") && line.Contains("-j KUBE-MARK-MASQ"));
        Assert.Contains(shownByNft, line => line.EndsWith("--map-mark"));
        Assert.Equal(shownByLegacy, shownByNft);

        foreach (var (store, tool) in new (IFixedRules, string)[] { (nft, "nft"), (legacy, "legacy") })
        {
            (await Tools.RunAsync(node, Program(family, tool), ["-t", "mangle", "-D", "OUTPUT", "1"])).OutputOrThrow();
            Assert.False(store.IsIntact(rules));
            store.Remove(IpvsRules.Names(family), _ => true);
            Assert.Empty(await ShowAsync(node, family, tool));
        }
    }

    private static IpsetConnection Sets(NetworkNamespace node, AddressFamily family)
    {
        var connection = IpsetConnection.Open(node);
        foreach (var set in SetNames.Of(family).All)
        {
            connection.Create(set);
        }

        return connection;
    }

    private static FixedRuleset Build(AddressFamily family, IpsetConnection sets) => new IpvsRules(
        family,
        new RuleOptions(0x4000, new LocalDetector.Networks([System.Net.IPNetwork.Parse("10.244.0.0/16"), System.Net.IPNetwork.Parse("fd00:10:244::/56")]), NodePortScope.All, DropInvalid: false),
        sets.Index).Build();

    private static string Program(AddressFamily family, string kind, string suffix = "") => $"ip{(family == AddressFamily.InterNetworkV6 ? "6" : "")}tables-{kind}{suffix}";

    private static async Task<List<string>> ShowAsync(NetworkNamespace node, AddressFamily family, string kind)
    {
        var saved = (await Tools.RunAsync(node, Program(family, kind, "-save"), [])).OutputOrThrow();
        return [.. saved.Split('\n').Where(line => line.StartsWith("-A ")).Order(StringComparer.Ordinal)];
    }
}
