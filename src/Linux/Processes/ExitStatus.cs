namespace Dataplane.Linux.Processes;

/// <summary>How a process ended.</summary>
/// <param name="Code">The exit code, or 128 plus the signal, as a shell and every container runtime report it.</param>
/// <param name="Signal">The signal that ended it; 0 when it exited by itself.</param>
public readonly record struct ExitStatus(int Code, int Signal)
{
    /// <summary>Nobody was there to see the end.</summary>
    public static ExitStatus Unknown { get; } = new(128 + 9, 0) { IsUnknown = true };

    /// <summary>Whether the other values are only a guess.</summary>
    public bool IsUnknown { get; init; }
}
