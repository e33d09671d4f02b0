using Dataplane.Dns.Server;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Forward;

/// <summary>A query that leaves the cluster, with all that is needed to reply to its client later.</summary>
internal sealed record ForwardRequest
{
    /// <summary>The client's header and question, as received.</summary>
    internal required byte[] Question { get; init; }

    /// <summary>The name to ask for: the question's, or where its aliases lead. Wire form.</summary>
    internal required byte[] Name { get; init; }

    internal required RecordType Type { get; init; }

    /// <summary>Targets of the aliases from the question's name to <see cref="Name"/>, in order.</summary>
    internal required IReadOnlyList<byte[]> Aliases { get; init; }

    internal uint AliasTtl { get; init; }

    internal bool HasEdns { get; init; }

    internal bool DnssecOk { get; init; }

    /// <summary>Both halves of the client's cookie; null when it sent none.</summary>
    internal byte[]? Cookie { get; init; }

    /// <summary>The server's name, for a client that asked for it; null otherwise.</summary>
    internal byte[]? Identity { get; init; }

    /// <summary>Told of the answer, besides the client.</summary>
    internal Action<ForwardAnswer>? Logged { get; init; }

    /// <summary>Told when it could not be answered; null for nobody.</summary>
    internal ErrorLog? Errors { get; init; }

    /// <summary>Who asks on.</summary>
    internal Forwarder? Forwarder { get; init; }

    /// <summary>Who else takes the name, in their order: asked after an answer that is not to be the last.</summary>
    internal IReadOnlyList<Forwarder> Others { get; init; } = [];

    /// <summary>Names to ask for one after the other instead, until one exists; then <see cref="Denial"/> is the reply when none does.</summary>
    internal IReadOnlyList<byte[]> Alternatives { get; init; } = [];

    internal byte[]? Denial { get; init; }

    /// <summary>What rewrite rules do to the answer; null for nothing.</summary>
    internal Renaming? Renaming { get; init; }

    /// <summary>Which of several addresses comes first; 0 keeps them in the upstream's order.</summary>
    internal uint Rotation { get; init; }

    /// <summary>Longest reply the client takes.</summary>
    internal required int Limit { get; init; }
}
