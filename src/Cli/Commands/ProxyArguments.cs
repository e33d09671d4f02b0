using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using Dataplane.Linux.Namespaces;
using Dataplane.Proxy;
using Dataplane.Proxy.Planning;
using KubeConfig = Dataplane.Api.Client.KubeConfig;

namespace Dataplane.Cli.Commands;

/// <summary>kube-proxy's flags, as far as the modes that are built have a use for them. Flags named after iptables hold for every mode.</summary>
internal sealed class ProxyArguments
{
    private readonly Option<string?> _kubeConfig = new("--kubeconfig") { Description = "How to reach the API server; the pod's service account if left out." };
    private readonly Option<string> _mode = new("--proxy-mode")
    {
        Description = $"How to forward: {string.Join(", ", ProxyModes.Names)}.",
        DefaultValueFactory = _ => "nftables",
    };

    private readonly Option<string?> _hostname = new("--hostname-override") { Description = "The node's name; the host's name if left out." };
    private readonly Option<ImmutableArray<IPNetwork>> _clusterCidr = Networks("--cluster-cidr", "Pods' addresses: a CIDR, or one of each family separated by a comma.");
    private readonly Option<string> _detectLocal = new("--detect-local-mode")
    {
        Description = "How to tell pods' traffic: ClusterCIDR, BridgeInterface or InterfaceNamePrefix.",
        DefaultValueFactory = _ => "ClusterCIDR",
    };

    private readonly Option<string?> _bridge = new("--pod-bridge-interface") { Description = "The bridge pods are on, for --detect-local-mode BridgeInterface." };
    private readonly Option<string?> _prefix = new("--pod-interface-name-prefix") { Description = "How pods' interfaces begin, for --detect-local-mode InterfaceNamePrefix." };
    private readonly Option<IPEndPoint?> _healthz = Address("--healthz-bind-address", "Where /healthz and /livez answer; empty for nowhere.", "0.0.0.0:10256");
    private readonly Option<IPEndPoint?> _metrics = Address("--metrics-bind-address", "Where /metrics and /proxyMode answer; empty for nowhere.", "127.0.0.1:10249");
    private readonly Option<ImmutableArray<IPNetwork>> _nodePorts = Networks("--nodeport-addresses", "Addresses that NodePorts answer on; all but loopback if left out.");
    private readonly Option<bool> _masqueradeAll = new("--masquerade-all") { Description = "Masquerade every connection to a Service." };
    private readonly Option<int> _masqueradeBit = new("--iptables-masquerade-bit") { Description = "Bit of the packet mark that asks for masquerading, 0 to 31.", DefaultValueFactory = _ => 14 };
    private readonly Option<TimeSpan> _minSync = Duration("--iptables-min-sync-period", "The least time between two syncs.", "1s");
    private readonly Option<TimeSpan> _sync = Duration("--iptables-sync-period", "How often to make sure that the rules are there.", "30s");
    private readonly Option<string?> _namespace = new("--network-namespace") { Description = "The network namespace to work in, by name or path; this process's own if left out." };

    /// <summary>Remove what a proxy left and end.</summary>
    internal Option<bool> Cleanup { get; } = new("--cleanup") { Description = "Remove every rule a proxy of this program left, and end." };

    internal IEnumerable<Option> All =>
    [
        _kubeConfig, _mode, _hostname, _clusterCidr, _detectLocal, _bridge, _prefix, _healthz, _metrics, _nodePorts, _masqueradeAll, _masqueradeBit, _minSync, _sync,
        _namespace, Cleanup,
    ];

    internal NetworkNamespace? OpenNamespace(ParseResult parsed) => parsed.GetValue(_namespace) is { } name ? NetworkNamespace.Open(name) : null;

    /// <exception cref="FormatException">Arguments that do not fit each other.</exception>
    /// <exception cref="Dataplane.Api.Client.KubeConfigException">The kubeconfig cannot be used.</exception>
    internal ProxyOptions Options(ParseResult parsed, NetworkNamespace? networkNamespace) => new()
    {
        KubeConfig = parsed.GetValue(_kubeConfig) is { } path ? KubeConfig.Load(path) : KubeConfig.InCluster(),
        NodeName = (parsed.GetValue(_hostname) ?? System.Net.Dns.GetHostName()).Trim().ToLowerInvariant(),
        Mode = parsed.GetValue(_mode)!,
        Namespace = networkNamespace,
        ClusterCidrs = parsed.GetValue(_clusterCidr),
        LocalDetector = Detector(parsed),
        HealthzBindAddress = parsed.GetValue(_healthz),
        MetricsBindAddress = parsed.GetValue(_metrics),
        NodePortAddresses = parsed.GetValue(_nodePorts),
        MasqueradeAll = parsed.GetValue(_masqueradeAll),
        MasqueradeBit = parsed.GetValue(_masqueradeBit) is >= 0 and < 32 and var bit ? bit : throw new FormatException("--iptables-masquerade-bit: must be 0 to 31"),
        MinSyncPeriod = parsed.GetValue(_minSync),
        SyncPeriod = parsed.GetValue(_sync) is { Ticks: > 0 } period ? period : throw new FormatException("--iptables-sync-period: must be more than 0"),
    };

    private LocalDetector? Detector(ParseResult parsed) => parsed.GetValue(_detectLocal) switch
    {
        "ClusterCIDR" => null,
        "BridgeInterface" => new LocalDetector.Interface(parsed.GetValue(_bridge) ?? throw new FormatException("--pod-bridge-interface: missing"), IsPrefix: false),
        "InterfaceNamePrefix" => new LocalDetector.Interface(parsed.GetValue(_prefix) ?? throw new FormatException("--pod-interface-name-prefix: missing"), IsPrefix: true),
        var mode => throw new FormatException($"--detect-local-mode: \"{mode}\" is not built; there are: ClusterCIDR, BridgeInterface, InterfaceNamePrefix"),
    };

    private static Option<ImmutableArray<IPNetwork>> Networks(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result => Parse(result, text => text.Split(',').Select(cidr => IPNetwork.Parse(cidr.Trim())).ToImmutableArray(), []),
        DefaultValueFactory = _ => [],
    };

    private static Option<IPEndPoint?> Address(string name, string description, string value) => new(name)
    {
        Description = description,
        CustomParser = result => Parse(result, text => text.Length == 0 ? null : IPEndPoint.Parse(text), null),
        DefaultValueFactory = _ => IPEndPoint.Parse(value),
    };

    private static Option<TimeSpan> Duration(string name, string description, string value) => new(name)
    {
        Description = description,
        CustomParser = result => Parse(result, GoDuration.Parse, TimeSpan.Zero),
        DefaultValueFactory = _ => GoDuration.Parse(value),
    };

    private static T Parse<T>(ArgumentResult result, Func<string, T> parse, T otherwise)
    {
        try
        {
            return parse(result.Tokens.Count == 1 ? result.Tokens[0].Value : "");
        }
        catch (FormatException failure)
        {
            result.AddError($"{(result.Parent as OptionResult)?.Option.Name}: {failure.Message}");
            return otherwise;
        }
    }
}
