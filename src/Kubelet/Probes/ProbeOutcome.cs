namespace Dataplane.Kubelet.Probes;

internal enum ProbeResult
{
    Success,

    /// <summary>A success with something to tell.</summary>
    Warning,

    Failure,

    /// <summary>It could not be tried: it counts neither way.</summary>
    Unknown,
}

/// <summary>What one try of a probe showed.</summary>
/// <param name="Message">In upstream's words; empty for a success.</param>
internal sealed record ProbeOutcome(ProbeResult Result, string Message)
{
    internal static ProbeOutcome Success { get; } = new(ProbeResult.Success, "");

    internal static ProbeOutcome Failure(string message) => new(ProbeResult.Failure, message);

    internal static ProbeOutcome Unknown(string message) => new(ProbeResult.Unknown, message);
}
