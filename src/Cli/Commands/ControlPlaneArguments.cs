using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using Dataplane.Api;
using Dataplane.ControlPlane;

namespace Dataplane.Cli.Commands;

/// <summary>
/// Flags of kube-apiserver, kube-controller-manager and kube-scheduler. One that this program has no use for is accepted with a
/// line that says so; one that promises something it does not do is refused.
/// </summary>
internal sealed class ControlPlaneArguments
{
    private static readonly string[] Ignored =
    [
        "allow-privileged", "allocate-node-cidrs", "api-audiences", "apiserver-count", "attach-detach-reconcile-sync-period", "authentication-kubeconfig",
        "authorization-kubeconfig", "client-ca-name", "cluster-signing-cert-file", "cluster-signing-duration", "cluster-signing-key-file", "concurrent-deployment-syncs",
        "concurrent-endpoint-syncs", "concurrent-gc-syncs", "concurrent-namespace-syncs", "concurrent-replicaset-syncs", "concurrent-service-endpoint-syncs",
        "configure-cloud-routes", "contention-profiling", "default-not-ready-toleration-seconds", "default-unreachable-toleration-seconds", "default-watch-cache-size",
        "delete-collection-workers", "enable-aggregator-routing", "enable-bootstrap-token-auth", "enable-garbage-collector", "enable-priority-and-fairness",
        "endpoint-reconciler-type", "endpointslice-updates-batch-period", "goaway-chance", "http2-max-streams-per-connection", "kube-api-burst", "kube-api-qps",
        "kubelet-certificate-authority", "kubelet-client-certificate", "kubelet-client-key", "kubelet-preferred-address-types", "kubelet-timeout", "leader-elect",
        "leader-elect-lease-duration", "leader-elect-renew-deadline", "leader-elect-resource-lock", "leader-elect-retry-period", "log-flush-frequency", "logging-format",
        "max-endpoints-per-slice", "node-eviction-rate", "node-monitor-period", "node-startup-grace-period", "profiling", "proxy-client-cert-file",
        "proxy-client-key-file", "requestheader-allowed-names", "requestheader-client-ca-file", "requestheader-extra-headers-prefix", "requestheader-group-headers",
        "requestheader-username-headers", "root-ca-file", "secondary-node-eviction-rate", "service-account-extend-token-expiration", "service-account-key-file",
        "service-account-private-key-file", "service-account-signing-key-file", "service-account-jwks-uri", "shutdown-delay-duration", "storage-backend",
        "storage-media-type", "unhealthy-zone-threshold", "use-service-account-credentials", "vmodule", "volume-host-allow-local-loopback", "watch-cache",
        "watch-cache-sizes", "enable-admission-plugins", "feature-gates", "runtime-config",
    ];

    private static readonly Dictionary<string, string> Refused = new(StringComparer.Ordinal)
    {
        ["audit-log-path"] = "there is no audit log",
        ["audit-policy-file"] = "there is no audit log",
        ["audit-webhook-config-file"] = "there is no audit log",
        ["authentication-config"] = "users have client certificates, service account tokens or a line in --token-auth-file",
        ["authentication-token-webhook-config-file"] = "users have client certificates, service account tokens or a line in --token-auth-file",
        ["authorization-config"] = "every user who is known may do everything",
        ["authorization-webhook-config-file"] = "every user who is known may do everything",
        ["admission-control-config-file"] = "admission cannot be configured",
        ["encryption-provider-config"] = "objects are stored as they are",
        ["oidc-issuer-url"] = "users have client certificates, service account tokens or a line in --token-auth-file",
    };

    private readonly Option<FileInfo?> _clientAuthorities = new("--client-ca-file") { Description = "PEM file with roots of client certificates beside the cluster's own." };
    private readonly Option<FileInfo?> _tokens = new("--token-auth-file") { Description = "Bearer tokens, lines of token,user,uid,\"group1,group2\"." };
    private readonly Option<FileInfo?> _certificate = new("--tls-cert-file") { Description = "PEM file with the server's certificate and those that lead to its authority." };
    private readonly Option<FileInfo?> _key = new("--tls-private-key-file") { Description = "PEM file with the key of --tls-cert-file." };
    private readonly Option<string?> _issuer = new("--service-account-issuer") { Description = "Who issues the tokens of service accounts, a URL." };
    private readonly Option<string?> _authorization = new("--authorization-mode") { Description = "AlwaysAllow: every user who is known may do everything." };
    private readonly Option<bool> _anonymous = new("--anonymous-auth") { Description = "Without effect: who shows nothing sees no more than the server's health and version." };
    private readonly Option<string?> _clusterName = new("--cluster-name") { Description = "The cluster's name in the kubeconfig." };
    private readonly Option<TimeSpan?> _eventTtl = Duration("--event-ttl", "How long events stay (1h0m0s).");
    private readonly Option<TimeSpan?> _gracePeriod = Duration("--node-monitor-grace-period", "How long a node may be silent before it is marked (50s).");
    private readonly Option<int?> _endedPods = new("--terminated-pod-gc-threshold") { Description = "Ended pods that may lie about (12500)." };
    private readonly Option<IPNetwork?> _clusterCidr = Network("--cluster-cidr", "Where nodes that come without a pod network get one from.");
    private readonly Option<int?> _nodeMask = new("--node-cidr-mask-size") { Description = "Prefix length of a node's pod network (24)." };
    private readonly Option<int?> _watchSeconds = new("--min-request-timeout") { Description = "Seconds that a watch lasts at least, and less than twice as long, unless its client says (1800)." };
    private readonly Option<int?> _requests = new("--max-requests-inflight") { Description = "Requests that read at a time; 0 for any number (400)." };
    private readonly Option<int?> _writes = new("--max-mutating-requests-inflight") { Description = "Requests that write at a time; 0 for any number (200)." };
    private readonly Option<string[]>[] _ignored = [.. Ignored.Select(Unused)];
    private readonly Option<string[]>[] _refused = [.. Refused.Keys.Select(Unused)];

    public ControlPlaneArguments()
    {
        _authorization.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.Split(',').Any(mode => mode is not "AlwaysAllow")))
            {
                result.AddError("--authorization-mode: only AlwaysAllow is known: every user who is known may do everything");
            }
        });
        foreach (var option in _refused)
        {
            option.Validators.Add(result => result.AddError($"{option.Name} is not supported: {Refused[option.Name[2..]]}"));
        }
    }

    public IEnumerable<Option> All =>
    [
        _clientAuthorities, _certificate, _key, _tokens, _issuer, _authorization, _anonymous, _clusterName, _eventTtl, _gracePeriod, _endedPods, _clusterCidr, _nodeMask, _watchSeconds,
        _requests, _writes, .. _ignored, .. _refused,
    ];

    /// <summary>Given flags that change nothing.</summary>
    public IEnumerable<string> WithoutEffect(ParseResult arguments) =>
    [
        .. _ignored.Where(option => arguments.GetResult(option) is { Implicit: false }).Select(option => option.Name),

        // As upstream, which has no anonymous users where everybody may do everything.
        .. arguments.GetValue(_anonymous) ? ["--anonymous-auth=true"] : Array.Empty<string>(),
    ];

    public ControlPlaneOptions Apply(ControlPlaneOptions options, ParseResult arguments) => options with
    {
        ClientAuthorityFile = arguments.GetValue(_clientAuthorities)?.FullName,
        ServingCertificateFile = arguments.GetValue(_certificate)?.FullName,
        ServingKeyFile = arguments.GetValue(_key)?.FullName,
        TokenFile = arguments.GetValue(_tokens)?.FullName,
        ServiceAccountIssuer = arguments.GetValue(_issuer) ?? options.ServiceAccountIssuer,
        ClusterName = arguments.GetValue(_clusterName) ?? options.ClusterName,
        EventTtl = arguments.GetValue(_eventTtl) ?? options.EventTtl,
        NodeMonitorGracePeriod = arguments.GetValue(_gracePeriod) ?? options.NodeMonitorGracePeriod,
        TerminatedPodThreshold = arguments.GetValue(_endedPods) ?? options.TerminatedPodThreshold,
        ClusterCidr = arguments.GetValue(_clusterCidr) ?? options.ClusterCidr,
        NodeCidrMaskSize = arguments.GetValue(_nodeMask) ?? options.NodeCidrMaskSize,
        MinRequestTimeout = arguments.GetValue(_watchSeconds) is { } seconds ? TimeSpan.FromSeconds(seconds) : options.MinRequestTimeout,
        MaxRequestsInFlight = arguments.GetValue(_requests) ?? options.MaxRequestsInFlight,
        MaxMutatingRequestsInFlight = arguments.GetValue(_writes) ?? options.MaxMutatingRequestsInFlight,
    };

    private static Option<string[]> Unused(string name) => new("--" + name) { Hidden = true, Arity = ArgumentArity.ZeroOrMore };

    private static Option<TimeSpan?> Duration(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result => Parse(result, text => (TimeSpan?)GoDuration.Parse(text)),
    };

    private static Option<IPNetwork?> Network(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result => Parse(result, text => (IPNetwork?)IPNetwork.Parse(text)),
    };

    internal static T? Parse<T>(ArgumentResult result, Func<string, T> parse)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        try
        {
            return parse(text);
        }
        catch (FormatException failure)
        {
            result.AddError($"{result.Argument.Name}: \"{text}\": {failure.Message}");
            return default;
        }
    }
}
