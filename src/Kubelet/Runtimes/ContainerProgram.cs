using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>Which streams of a program in a container somebody wants to hold; the others are /dev/null.</summary>
internal sealed record ContainerProgramRequest
{
    public required IReadOnlyList<string> Command { get; init; }
    public bool Input { get; init; }
    public bool Output { get; init; }
    public bool Error { get; init; }
}

/// <summary>
/// A program that was started inside a running container. Letting go of it closes its streams and does not end it, as
/// upstream's runtimes leave a program whose client has gone.
/// </summary>
internal sealed class ContainerProgram(Stream? input, Stream? output, Stream? error, Task<ExitStatus> exit) : IDisposable
{
    /// <summary>Writes to its standard input; disposing it is the end of the input. Null when it was not asked for.</summary>
    internal Stream? Input { get; } = input;

    internal Stream? Output { get; } = output;

    internal Stream? Error { get; } = error;

    /// <summary>Completes when it has ended; its streams may still hold what it wrote.</summary>
    internal Task<ExitStatus> Exit { get; } = exit;

    public void Dispose()
    {
        Input?.Dispose();
        Output?.Dispose();
        Error?.Dispose();
    }
}
