using Dataplane.Linux.Namespaces;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>
/// What runs containers: processes of this machine, or an engine. Network set-up is not the runtime's business: it makes a
/// sandbox with an empty network namespace (or none of its own, for hostNetwork), which the agent then connects.
/// </summary>
internal interface IContainerRuntime : IAsyncDisposable
{
    /// <summary>The scheme of container IDs: <c>process</c> in <c>process://...</c>.</summary>
    string Name { get; }

    /// <summary>Makes the pod's namespaces and what holds them.</summary>
    Task<IPodSandbox> StartSandboxAsync(SandboxRequest request, CancellationToken cancellation);

    /// <summary>Looks an image up.</summary>
    /// <exception cref="ImageException">There is no such image; the message is for the user.</exception>
    Task<ContainerImagePlan> ResolveImageAsync(string image, CancellationToken cancellation);

    /// <summary>Creates and starts a container.</summary>
    /// <exception cref="ContainerStartException">It could not be made or its program not be executed.</exception>
    Task<IRunningContainer> StartContainerAsync(IPodSandbox sandbox, ContainerRequest request, CancellationToken cancellation);
}

/// <summary>The namespaces of a pod.</summary>
internal interface IPodSandbox : IAsyncDisposable
{
    /// <summary>The pod's network namespace; null for a hostNetwork pod.</summary>
    NetworkNamespace? Network { get; }
}

/// <summary>A container that has been started.</summary>
internal interface IRunningContainer
{
    /// <summary>Without the scheme.</summary>
    string Id { get; }

    DateTimeOffset StartedAt { get; }

    /// <summary>Its first process, as this machine numbers it; null when that is not known. Only for looking at: it may have ended.</summary>
    int? ProcessId => null;

    /// <summary>What it writes.</summary>
    ContainerLog Log { get; }

    /// <summary>Completes when its first process has ended and all it wrote is in the log.</summary>
    Task<ExitStatus> Exit { get; }

    /// <summary>Sends a signal to its first process.</summary>
    void Signal(int signal);

    /// <summary>Runs a program in it and hands back what it wrote, at most 10 KiB.</summary>
    /// <exception cref="ContainerStartException">The program could not be executed.</exception>
    Task<ExecutionResult> ExecuteAsync(IReadOnlyList<string> command, CancellationToken cancellation);

    /// <summary>Starts a program in it, with its streams in the caller's hands.</summary>
    /// <exception cref="ContainerStartException">The program could not be executed.</exception>
    Task<ContainerProgram> StartProgramAsync(ContainerProgramRequest request);

    /// <summary>Its own streams, from now on. Several may be attached at once.</summary>
    Task<ContainerProgram> AttachAsync(ProgramStreamsRequest request);
}

internal sealed record SandboxRequest
{
    public required string PodUid { get; init; }
    public required string Hostname { get; init; }
    public bool HostNetwork { get; init; }
}

internal sealed record ContainerRequest
{
    public required string PodUid { get; init; }
    public required string Name { get; init; }
    public required ContainerImagePlan Image { get; init; }

    /// <summary>How often it has been started before; part of the log's name.</summary>
    public required int Attempt { get; init; }

    /// <summary>Empty for the image's.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Empty for the image's, unless there is a command.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    public required IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; }

    /// <summary>Null for the image's.</summary>
    public string? WorkingDirectory { get; init; }

    public required IReadOnlyList<ContainerVolume> Volumes { get; init; }

    /// <summary>Takes what the container writes.</summary>
    public required ContainerLog Log { get; init; }

    /// <summary>Whether its input is kept open for those who attach; otherwise it is /dev/null.</summary>
    public bool Input { get; init; }

    /// <summary>Whether its input ends with that of the first who attaches.</summary>
    public bool InputOnce { get; init; }

    /// <summary>Whether it runs on a terminal.</summary>
    public bool Terminal { get; init; }
}

/// <param name="Source">A file or directory of this machine.</param>
/// <param name="Target">Absolute path in the container.</param>
internal sealed record ContainerVolume(string Source, string Target, bool ReadOnly);

internal sealed record ExecutionResult(ExitStatus Status, string Output);

/// <summary>An image cannot be had.</summary>
internal sealed class ImageException(string message) : Exception(message);

/// <summary>A container or a program in it could not be started.</summary>
internal sealed class ContainerStartException(string message, Exception? inner = null) : Exception(message, inner);
