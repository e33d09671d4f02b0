using System.Net;
using System.Text.RegularExpressions;
using Dataplane.Dns.Wire;
using Dataplane.Dns.Zones;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Dns.Configuration;

/// <summary>How queries come in.</summary>
internal enum Transport
{
    /// <summary>UDP and TCP.</summary>
    Dns,

    /// <summary>DNS over TLS (RFC 7858).</summary>
    Tls,

    /// <summary>DNS over HTTPS (RFC 8484).</summary>
    Https,
}

/// <summary>A whole configuration, checked.</summary>
internal sealed record DnsPlan
{
    internal required IReadOnlyList<ServerPlan> Servers { get; init; }

    /// <summary>Where the cluster's objects come from; null when no server has any.</summary>
    internal KubernetesPlan? Kubernetes => Servers.Select(server => server.Kubernetes).FirstOrDefault(plan => plan is not null);

    internal IPEndPoint? Health { get; init; }

    /// <summary>How long the server answers on after it was told to stop, saying that it is unwell.</summary>
    internal TimeSpan LameDuck { get; init; }

    internal IPEndPoint? Ready { get; init; }

    internal IPEndPoint? Metrics { get; init; }

    /// <summary>How often the file is looked at; null never.</summary>
    internal TimeSpan? ReloadInterval { get; init; }
}

/// <summary>One server block: what it is asked about, where, and how it answers, in the order in which a query meets it.</summary>
internal sealed record ServerPlan
{
    internal required NameSuffix[] Zones { get; init; }

    internal Transport Transport { get; init; }

    internal int Port { get; init; } = 53;

    /// <summary>Empty for every address.</summary>
    internal IPAddress[] Addresses { get; init; } = [];

    /// <summary>Where the sockets are made; null is the process's own namespace.</summary>
    internal NetworkNamespace? Namespace { get; init; }

    /// <summary>PEM files of certificate and key for TLS and HTTPS.</summary>
    internal (string Certificate, string Key)? Certificate { get; init; }

    internal AccessRule[] Access { get; init; } = [];

    internal CachePlan? Cache { get; init; }

    internal RewriteRule[] Rewrites { get; init; } = [];

    internal AutopathPlan? Autopath { get; init; }

    internal TemplatePlan[] Templates { get; init; } = [];

    internal TransferPlan[] Transfers { get; init; } = [];

    internal HostsPlan? Hosts { get; init; }

    internal KubernetesPlan? Kubernetes { get; init; }

    internal ForwardPlan[] Forwards { get; init; } = [];

    internal bool FindsLoops { get; init; }

    internal bool Shuffles { get; init; }

    /// <summary>UDP payload at most, and advertised.</summary>
    internal int PayloadSize { get; init; } = 1232;

    internal LogPlan? Log { get; init; }

    /// <summary>Sockets and threads for UDP on each address; null for one a processor.</summary>
    internal int? UdpThreads { get; init; }
}

/// <summary>What to do with a query by who asks.</summary>
internal enum AccessAction
{
    Allow,

    /// <summary>REFUSED.</summary>
    Block,

    /// <summary>NOERROR without records.</summary>
    Filter,
    Drop,
}

/// <param name="Zones">Names it is about.</param>
/// <param name="Action">What to do.</param>
/// <param name="Types">Empty for every type.</param>
/// <param name="Sources">Empty for everybody.</param>
internal sealed record AccessRule(NameSuffix[] Zones, AccessAction Action, RecordType[] Types, IPNetwork[] Sources);

/// <summary>Bounds of the cache of forwarded names; seconds, and entries.</summary>
internal sealed record CachePlan
{
    internal int Capacity { get; init; } = 9984;

    internal uint MaxTtl { get; init; } = 3600;

    internal uint MinTtl { get; init; } = 5;

    internal uint MaxDenialTtl { get; init; } = 1800;

    internal uint MinDenialTtl { get; init; } = 5;

    internal uint ServFailTtl { get; init; } = 5;

    /// <summary>Queries for a name within <see cref="PrefetchWithin"/> of each other that make it worth asking again before it expires; 0 never.</summary>
    internal int Prefetch { get; init; }

    internal TimeSpan PrefetchWithin { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Share of the TTL that is left when it is asked again.</summary>
    internal int PrefetchPercentage { get; init; } = 10;

    /// <summary>How long an expired answer may stand in; zero never (RFC 8767).</summary>
    internal TimeSpan Stale { get; init; }

    /// <summary>Whether the upstream is tried before an expired answer is given.</summary>
    internal bool VerifyStale { get; init; }
}

internal enum NameMatch
{
    Exact,
    Prefix,
    Suffix,
    Substring,
    Regex,
}

/// <param name="Match">How names are compared.</param>
/// <param name="From">Lower case, as text with the final dot where it stands at a name's end.</param>
/// <param name="To">What takes its place; <c>{1}</c> is a group of a regular expression.</param>
/// <param name="GoesOn">Whether later rules see the new name.</param>
internal sealed record RewriteRule(NameMatch Match, string From, string To, bool GoesOn)
{
    internal Regex? Pattern { get; init; }
}

/// <param name="Zones">Names it is about; empty for the server's.</param>
/// <param name="Search">The search list; null for that of the client's pod.</param>
internal sealed record AutopathPlan(NameSuffix[] Zones, string[]? Search);

/// <param name="Zones">Zones that may be fetched.</param>
/// <param name="Clients">Who may; null for everybody.</param>
internal sealed record TransferPlan(NameSuffix[] Zones, IPNetwork[]? Clients);

/// <summary>Names from a file in the form of /etc/hosts, and from the configuration itself.</summary>
internal sealed record HostsPlan
{
    internal string? Path { get; init; }

    internal required NameSuffix[] Zones { get; init; }

    internal string[] Lines { get; init; } = [];

    internal uint Ttl { get; init; } = 3600;

    internal bool Reverse { get; init; } = true;

    internal TimeSpan Reload { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Names of which an unknown one is somebody else's.</summary>
    internal NameSuffix[] FallThrough { get; init; } = [];
}

/// <summary>Answers made from the question.</summary>
internal sealed record TemplatePlan
{
    /// <summary>Null for every type.</summary>
    internal RecordType? Type { get; init; }

    internal required NameSuffix[] Zones { get; init; }

    internal Regex[] Matches { get; init; } = [];

    internal TemplateText[] Answers { get; init; } = [];

    internal TemplateText[] Authorities { get; init; } = [];

    internal TemplateText[] Additionals { get; init; } = [];

    internal ResponseCode Code { get; init; }

    internal NameSuffix[] FallThrough { get; init; } = [];
}

/// <summary>The cluster.</summary>
internal sealed record KubernetesPlan
{
    internal required string Zone { get; init; }

    /// <summary>Zones under in-addr.arpa and ip6.arpa whose unknown names do not exist.</summary>
    internal string[] ReverseZones { get; init; } = [];

    internal PodRecordMode Pods { get; init; } = PodRecordMode.Disabled;

    internal uint Ttl { get; init; } = 5;

    /// <summary>The only namespaces that have names; empty for all.</summary>
    internal string[] Namespaces { get; init; } = [];

    internal string? Labels { get; init; }

    internal string? NamespaceLabels { get; init; }

    /// <summary>Names of which an unknown one goes on to the next part.</summary>
    internal NameSuffix[] FallThrough { get; init; } = [];

    /// <summary>A file and a context in it; null for the pod's service account.</summary>
    internal (string Path, string? Context)? KubeConfig { get; init; }

    internal Uri? Endpoint { get; init; }
}

internal enum ForwardPolicy
{
    Random,
    RoundRobin,
    Sequential,
}

/// <param name="Address">Where it is.</param>
/// <param name="Tls">Whether it is asked over TLS.</param>
internal sealed record UpstreamPlan(IPEndPoint Address, bool Tls);

/// <summary>Who is asked about names that are not held here.</summary>
internal sealed record ForwardPlan
{
    internal required NameSuffix From { get; init; }

    internal NameSuffix[] Except { get; init; } = [];

    internal required UpstreamPlan[] Upstreams { get; init; }

    internal ForwardPolicy Policy { get; init; } = ForwardPolicy.Random;

    /// <summary>Failures in a row after which an upstream is left alone until it answers a check; 0 never.</summary>
    internal int MaxFails { get; init; } = 2;

    internal TimeSpan HealthCheck { get; init; } = TimeSpan.FromMilliseconds(500);

    internal bool ForceTcp { get; init; }

    /// <summary>How long an idle TCP or TLS connection is kept.</summary>
    internal TimeSpan Expire { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Queries under way at most, beyond which they are refused.</summary>
    internal int MaxConcurrent { get; init; } = 1000;

    internal string? TlsServerName { get; init; }
}

/// <param name="Names">Names that are logged.</param>
/// <param name="Classes">Which outcomes: denial, error, success; empty for all.</param>
internal sealed record LogPlan(NameSuffix[] Names, string[] Classes);
