using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>Which streams of a program somebody wants to hold; what is not asked for is /dev/null, or left alone when attaching.</summary>
internal sealed record ProgramStreamsRequest
{
    public bool Input { get; init; }
    public bool Output { get; init; }
    public bool Error { get; init; }
}

/// <summary>A program to start in a running container.</summary>
internal sealed record ContainerProgramRequest
{
    public required IReadOnlyList<string> Command { get; init; }
    public required ProgramStreamsRequest Streams { get; init; }

    /// <summary>Whether it runs on a terminal, which is then all of its streams.</summary>
    public bool Terminal { get; init; }
}

/// <summary>
/// The streams of a program in a container: one that was started there for a client, or the container's own to which a client has
/// attached. Letting go of it does not end the program, except that a terminal made for it hangs up.
/// </summary>
internal sealed class ContainerProgram(Action letGo) : IDisposable
{
    /// <summary>Null when it was not asked for, or there is none.</summary>
    internal ProgramInput? Input { get; init; }

    internal Stream? Output { get; init; }

    internal Stream? Error { get; init; }

    /// <summary>Null without a terminal. What is said to a terminal that has gone is lost.</summary>
    internal Action<TerminalSize>? Resize { get; init; }

    /// <summary>Completes when it has ended; its streams may still hold what it wrote.</summary>
    internal required Task<ExitStatus> Exit { get; init; }

    public void Dispose()
    {
        Input?.End();
        Output?.Dispose();
        Error?.Dispose();
        letGo();
    }
}

/// <summary>Where a client's input goes.</summary>
/// <param name="write">May wait for the program to read; fails with an <see cref="IOException"/> when it reads no more.</param>
/// <param name="end">The client sends no more. May be called again.</param>
internal sealed class ProgramInput(Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> write, Action end)
{
    /// <summary>Whether the end of the client's input is the end of the session too, as the program's input stays open.</summary>
    internal bool EndsSession { get; init; }

    internal ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation) => write(data, cancellation);

    internal void End() => end();
}
