namespace Dataplane.Cli.Bench.Api;

/// <summary>How large the bench is.</summary>
internal sealed record ApiBenchPlan
{
    internal required IReadOnlyList<string> Cases { get; init; }

    internal int Pods { get; init; } = 10_000;

    internal int Patches { get; init; } = 21_000;

    internal int Writers { get; init; } = 10;

    internal int Watchers { get; init; } = 10;

    /// <summary>Nodes the pods are on; their heartbeats are kept up as long as the bench runs.</summary>
    internal int Nodes { get; init; } = 50;

    /// <summary>Services, each with an EndpointSlice.</summary>
    internal int Services { get; init; } = 5_000;

    /// <summary>Watchers of the fan-out.</summary>
    internal int Audience { get; init; } = 1_000;

    /// <summary>Objects in the store that is opened again.</summary>
    internal int RestartObjects { get; init; } = 50_000;

    /// <summary>How often the server is killed under load.</summary>
    internal int Kills { get; init; } = 20;

    /// <summary>Size of a file system of the server's own, in 2^20 bytes; 0 uses the machine's.</summary>
    internal int DiskMB { get; init; }

    /// <summary>How much of it is taken from the start, until <see cref="ApiServerProcess.DropBallast"/>.</summary>
    internal int BallastMB { get; init; }

    internal string Store { get; init; } = "sqlite";

    internal IReadOnlyList<string> EtcdServers { get; init; } = [];
}
