namespace Dataplane.Cli.Bench.Pods;

/// <summary>What to measure of pods.</summary>
internal sealed record PodsBenchPlan
{
    internal static readonly string[] AllCases = ["network", "burst", "cycles"];

    /// <summary>Of <see cref="AllCases"/>.</summary>
    public required IReadOnlyList<string> Cases { get; init; }

    /// <summary>How many pods the node gets, one after the other, in the case <c>network</c>.</summary>
    public int Pods { get; init; } = 250;

    /// <summary>How many pods are created at once in the case <c>burst</c>.</summary>
    public int Burst { get; init; } = 100;

    /// <summary>How many pods are created and deleted in the case <c>cycles</c>.</summary>
    public int Cycles { get; init; } = 1000;

    /// <summary>How long the kubelet is watched with idle pods.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Where Debian's or others' plugins are.</summary>
    public string CniBinDirectory { get; init; } = "/usr/lib/cni";

    /// <exception cref="UserErrorException">A case or number that is none.</exception>
    internal PodsBenchPlan Checked()
    {
        if (Cases.Except(AllCases).FirstOrDefault() is { } unknown)
        {
            throw new UserErrorException($"--cases: \"{unknown}\": known are {string.Join(", ", AllCases)}");
        }

        return Pods is >= 1 and <= 1000 && Burst is >= 1 and <= 500 && Cycles >= 0
            ? this
            : throw new UserErrorException("--pods must be 1 to 1000, --burst 1 to 500, --cycles 0 or more");
    }
}
