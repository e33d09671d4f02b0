using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Configuration;

/// <summary>
/// Settings that make no sense, alone or beside another: what kube-proxy refuses too, for the same reasons. Source: kubernetes
/// pkg/proxy/apis/config/validation/validation.go and cmd/kube-proxy/app/server.go (checkBadConfig).
/// </summary>
public static class ConfigurationChecks
{
    private const string Primary = "primary";
    private const string DualStackExample = "(e.g. 10.100.0.0/16,fde4:8dba:82e1::/48)";

    private static readonly string[] NotNegative = ["conntrack.maxPerCore", "conntrack.min", "clientConnection.burst"];

    /// <summary>What does not fit, each with the setting's path.</summary>
    /// <param name="configuration">The settings.</param>
    /// <param name="mode">The mode, whose sync periods count.</param>
    internal static IEnumerable<string> Faults(ProxyConfiguration configuration, string mode)
    {
        foreach (var path in NotNegative.Where(path => configuration.Number(path) < 0))
        {
            yield return $"{path}: must be greater than or equal to 0";
        }

        if (configuration.Number("oomScoreAdj") is < -1000 or > 1000)
        {
            yield return "oomScoreAdj: must be within the range [-1000, 1000]";
        }

        if (!AddressChecks.TryParse(configuration.Text("bindAddress"), out _))
        {
            yield return $"bindAddress: \"{configuration.Text("bindAddress")}\" is not a valid textual representation of an IP address";
        }

        if (configuration.Duration("configSyncPeriod") == TimeSpan.Zero)
        {
            yield return "configSyncPeriod: must be greater than 0";
        }

        foreach (var fault in Periods(configuration, mode).Concat(PodNetworks(configuration)).Concat(NodePorts(configuration)))
        {
            yield return fault;
        }
    }

    /// <summary>What is allowed and seldom meant.</summary>
    /// <param name="configuration">The settings.</param>
    /// <param name="options">What they come to.</param>
    public static IEnumerable<string> Doubts(ProxyConfiguration configuration, ProxyOptions options)
    {
        if (options.PrimaryNodePorts)
        {
            yield break;
        }

        if (options.NodePortAddresses.IsEmpty)
        {
            yield return "nodePortAddresses: unset; NodePorts answer on all local addresses. Consider --nodeport-addresses primary";
            yield break;
        }

        var named = Families(options.NodePortAddresses);
        foreach (var other in Families([.. options.ClusterCidrs, .. options.Ipvs.ExcludedCidrs]).Except(named))
        {
            yield return $"nodePortAddresses: no network of {Sync.IPFamilies.NameOf(other)}, which the cluster has; its NodePorts answer on all local addresses";
        }
    }

    private static IEnumerable<string> Periods(ProxyConfiguration configuration, string mode)
    {
        var (period, least) = (ConfiguredOptions.OfMode(configuration, mode, "syncPeriod"), ConfiguredOptions.OfMode(configuration, mode, "minSyncPeriod"));
        if (configuration.Duration(period) == TimeSpan.Zero)
        {
            yield return $"{period}: must be greater than 0";
        }
        else if (configuration.Duration(least) > configuration.Duration(period))
        {
            yield return $"{period}: must be greater than or equal to {least}";
        }
    }

    private static IEnumerable<string> PodNetworks(ProxyConfiguration configuration)
    {
        var networks = configuration.List("clusterCIDR").Where(text => AddressChecks.TryParseNetwork(text, out _)).ToList();
        if (networks.Count > 2)
        {
            yield return $"clusterCIDR: only one CIDR allowed or a valid DualStack CIDR {DualStackExample}";
        }
        else if (networks.Count == 2 && networks[0].Contains(':', StringComparison.Ordinal) == networks[1].Contains(':', StringComparison.Ordinal))
        {
            yield return $"clusterCIDR: must be a valid DualStack CIDR {DualStackExample}";
        }
    }

    private static IEnumerable<string> NodePorts(ProxyConfiguration configuration) => configuration.List("nodePortAddresses") is { Length: > 1 } list && list.Contains(Primary)
        ? [$"nodePortAddresses: can't use both \"{Primary}\" and CIDRs"]
        : [];

    private static HashSet<AddressFamily> Families(ImmutableArray<IPNetwork> networks) => [.. networks.Select(network => network.BaseAddress.AddressFamily)];
}
