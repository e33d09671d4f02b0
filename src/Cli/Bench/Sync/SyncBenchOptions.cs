namespace Dataplane.Cli.Bench.Sync;

/// <summary>What to measure.</summary>
/// <param name="Mode">The proxy mode.</param>
/// <param name="Services">How many.</param>
/// <param name="Endpoints">Of each.</param>
internal sealed record SyncBenchOptions(string Mode, int Services, int Endpoints)
{
    /// <summary>Changes to time, one after the other.</summary>
    internal int Changes { get; init; } = 1000;

    /// <summary>Changes before those: a proxy runs for months, the code it runs is compiled in its first minute.</summary>
    internal int WarmUp => Changes;

    /// <summary>Between two changes.</summary>
    internal TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Connections to time.</summary>
    internal int Connections { get; init; } = 2000;

    /// <summary>How often somebody flushes the ruleset.</summary>
    internal int Flushes { get; init; } = 10;

    /// <exception cref="UserErrorException">A number that makes no sense.</exception>
    internal SyncBenchOptions Checked() => Services is > 1 and <= 1_000_000 && Endpoints is > 0 and <= 1000 && Changes >= 10 && (long)Services * (Endpoints + 2) < 1 << 23
        ? this
        : throw new UserErrorException("--services: 2 to 1000000, --endpoints: 1 to 1000, together less than 8 million endpoints, --changes: 10 or more");

    /// <summary>How long to go on with 100 changes a second; zero for not at all.</summary>
    internal TimeSpan Soak { get; init; }
}
