using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Configuration;

/// <summary>Bounds of the cache of forwarded names; seconds, and entries.</summary>
internal sealed record CachePlan
{
    /// <summary>Names that are kept; empty for all.</summary>
    internal NameSuffix[] Zones { get; init; } = [];

    /// <summary>Names whose answers, and names whose denials, are not kept.</summary>
    internal NameSuffix[] NoSuccess { get; init; } = [];

    internal NameSuffix[] NoDenial { get; init; } = [];

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

    /// <summary>Whether a kept answer is given with the TTL it came with, rather than with what is left of it.</summary>
    internal bool KeepsTtl { get; init; }

    /// <summary>Whether the upstream is tried before an expired answer is given.</summary>
    internal bool VerifyStale { get; init; }
}
