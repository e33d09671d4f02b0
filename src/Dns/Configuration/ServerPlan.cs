using System.Net;
using System.Text.RegularExpressions;
using Dataplane.Dns.Server;
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

    /// <summary>Null to tell of no question that failed.</summary>
    internal ErrorsPlan? Errors { get; init; }

    /// <summary>The first rule for a name decides; none logs nothing.</summary>
    internal LogRule[] Log { get; init; } = [];

    /// <summary>Whether localhost and the reverse names of loopback addresses are answered here.</summary>
    internal bool KnowsLocalhost { get; init; }

    /// <summary>Whether questions of type ANY get one small record (RFC 8482).</summary>
    internal bool MinimizesAny { get; init; }

    /// <summary>What the server says of itself.</summary>
    internal ChaosPlan? Chaos { get; init; }

    /// <summary>What a client is told that asks by NSID which server this is; null for nothing.</summary>
    internal byte[]? Identity { get; init; }

    /// <summary>Whether a question for which nothing else is there is answered with its client's address and port (whoami).</summary>
    internal bool TellsClients { get; init; }

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

/// <summary>What of a question, or of its answer, a rule changes.</summary>
internal enum RewriteField
{
    Name,
    Type,
    Class,
    Ttl,
    Code,
}

/// <param name="Field">What it changes.</param>
/// <param name="Names">Names it is about, and of a rule for names what they become; null for every name.</param>
/// <param name="GoesOn">Whether later rules are looked at too.</param>
internal sealed record RewriteRule(RewriteField Field, NameChange? Names, bool GoesOn)
{
    /// <summary>Whether the answer's names, in what records say too, are changed back as they were changed.</summary>
    internal bool IsAutomatic { get; init; }

    /// <summary>Changes of the answer's names that the rule spells out.</summary>
    internal AnswerChange[] Answers { get; init; } = [];

    /// <summary>A type, a class or a code, and what takes its place; of a TTL the least and the most.</summary>
    internal uint From { get; init; }

    internal uint To { get; init; }
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

    /// <summary>Other zones with the same names in them.</summary>
    internal ZoneAlias[] Aliases { get; init; } = [];

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

    /// <summary>Whether an endpoint without a hostname is named after its pod.</summary>
    internal bool NamesEndpointsByPod { get; init; }

    /// <summary>Whether endpoints are not followed: then headless services have no names.</summary>
    internal bool WithoutEndpoints { get; init; }

    /// <summary>Whether a service with a cluster address but no ready endpoint does not exist.</summary>
    internal bool HidesEmptyServices { get; init; }

    /// <summary>PEM files to reach <see cref="Endpoint"/> with.</summary>
    internal (string Certificate, string Key, string Authority)? Tls { get; init; }

    /// <summary>A file and a context in it; null for the pod's service account.</summary>
    internal (string Path, string? Context)? KubeConfig { get; init; }

    internal Uri? Endpoint { get; init; }
}

/// <summary>Outcomes that are logged, in CoreDNS's words.</summary>
[Flags]
internal enum LogClass
{
    Success = 1,
    Denial = 2,
    Error = 4,
    All = Success | Denial | Error,
}

/// <param name="Names">Names it is about.</param>
/// <param name="Classes">Which outcomes.</param>
/// <param name="Format">The line.</param>
internal sealed record LogRule(NameSuffix[] Names, LogClass Classes, LogFormat Format);

/// <param name="Version">Of <c>version.bind CH TXT</c>.</param>
/// <param name="Authors">Of <c>authors.bind CH TXT</c>.</param>
internal sealed record ChaosPlan(string Version, string[] Authors);
