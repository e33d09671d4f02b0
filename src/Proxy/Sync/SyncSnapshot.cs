using System.Collections.Immutable;

namespace Dataplane.Proxy.Sync;

/// <summary>What health and metrics tell of the sync loop, at one moment.</summary>
internal sealed record SyncSnapshot
{
    /// <summary>When rules were last known to be what they should be.</summary>
    internal DateTimeOffset? LastUpdated { get; init; }

    /// <summary>When rules were last written.</summary>
    internal DateTimeOffset? LastProgrammed { get; init; }

    /// <summary>When a change last arrived.</summary>
    internal DateTimeOffset? LastQueued { get; init; }

    /// <summary>Since when a change has been waiting; null when none is.</summary>
    internal DateTimeOffset? WaitingSince { get; init; }

    /// <summary>Changes taken in and not yet programmed.</summary>
    internal (int Services, int Endpoints) Pending { get; init; }

    /// <summary>Syncs in a row that failed, and why the last one did.</summary>
    internal int Failures { get; init; }

    internal string? Failure { get; init; }

    /// <summary>False while the node is being removed.</summary>
    internal bool NodeEligible { get; init; } = true;

    /// <summary>Service ports that drop for want of a local endpoint, by family ("IPv4") and by the policy that is Local ("internal", "external").</summary>
    internal ImmutableDictionary<(string Family, string Policy), int> Stranded { get; init; } = ImmutableDictionary<(string, string), int>.Empty;

    /// <summary>The last plan put into force.</summary>
    internal ProgrammedPlan? Programmed { get; init; }
}
