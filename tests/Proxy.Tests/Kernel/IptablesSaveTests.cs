using Dataplane.Proxy.Iptables;
using Dataplane.Proxy.Tests.Iptables;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.Kernel;

/// <summary>Debian's iptables-save prints the same for rules this mode wrote and for those kube-proxy would have handed to iptables-restore.</summary>
public sealed class IptablesSaveTests
{
    [Fact]
    public async Task TheRulesAreKubeProxys()
    {
        using var network = new TestNetwork();
        var ours = network.AddHost("ours").Namespace;
        var theirs = network.AddHost("theirs").Namespace;
        var counts = new Dictionary<string, int>();
        await using var mode = new IptablesMode(new ProxyModeContext(ours, 0x4000, () => { }, NullLoggerFactory.Instance, TimeProvider.System)
        {
            RulesCounted = (table, family, rules) => counts[$"{family} {table}"] = rules,
        });
        mode.Apply(null, KubeProxyRules.Services().Plan());
        (await Tools.RunAsync(theirs, "iptables-nft-restore", ["--noflush"], KubeProxyRules.Filter + KubeProxyRules.Nat)).OutputOrThrow();

        var saved = await SaveAsync(ours);
        Assert.Equal(await SaveAsync(theirs), saved);

        // Rules in our chains are what the metric counts.
        Assert.Equal(saved.Split('\n').Count(line => line.StartsWith("-A KUBE")), counts["IPv4 filter"] + counts["IPv4 nat"]);
    }

    // IPv4 alone: the upstream test has no other.
    private static async Task<string> SaveAsync(Linux.Namespaces.NetworkNamespace place) => SavedRules.Normalize(await SavedRules.ReadAsync(place, "iptables-nft-save"));
}
