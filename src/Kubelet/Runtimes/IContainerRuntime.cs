using System.Net;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>
/// What runs containers: processes of this machine, Docker's engine, or whatever speaks CRI. One test suite holds all of them to
/// what is said here.
/// </summary>
internal interface IContainerRuntime : IAsyncDisposable
{
    /// <summary>The scheme of container IDs: <c>process</c> in <c>process://...</c>.</summary>
    string Name { get; }

    /// <summary>As the runtime tells it, without a leading v; known once <see cref="ListAsync"/> has been answered.</summary>
    string Version { get; }

    /// <summary>Asks the runtime how it is.</summary>
    /// <returns>Why it cannot run pods, in upstream's words; null when it can.</returns>
    /// <exception cref="IOException">It does not answer.</exception>
    Task<string?> ProblemAsync(CancellationToken cancellation);

    /// <summary>
    /// What an earlier agent of the same root directory left here, running or not. Asked once, before anything is started. What is
    /// handed out is followed from then on: its ends are seen and what it writes is logged.
    /// </summary>
    Task<IReadOnlyList<PodOnMachine>> ListAsync(CancellationToken cancellation);

    /// <summary>Makes the pod's namespaces and what holds them.</summary>
    /// <exception cref="IOException">The runtime cannot, or does not answer.</exception>
    Task<IPodSandbox> StartSandboxAsync(SandboxRequest request, CancellationToken cancellation);

    /// <summary>Ends and removes everything of a pod that was not handed out as a sandbox. Idempotent.</summary>
    Task RemovePodAsync(string uid, CancellationToken cancellation);

    /// <summary>Looks an image up that is on this machine; null when it is not.</summary>
    /// <exception cref="ImageException">It is here and cannot be used; the message is for the user.</exception>
    Task<ContainerImagePlan?> FindImageAsync(string image, CancellationToken cancellation);

    /// <summary>Fetches an image, also when it is here already.</summary>
    /// <param name="image">As the pod names it.</param>
    /// <param name="credential">Null for nobody.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ImageException">There is no such image; the message is for the user.</exception>
    Task<ContainerImagePlan> PullImageAsync(string image, RegistryCredential? credential, CancellationToken cancellation);

    /// <summary>Creates and starts a container.</summary>
    /// <exception cref="ContainerStartException">It could not be made or its program not be executed.</exception>
    Task<IRunningContainer> StartContainerAsync(IPodSandbox sandbox, ContainerRequest request, CancellationToken cancellation);
}

/// <summary>The namespaces of a pod. Disposing ends and removes them with every container in them.</summary>
internal interface IPodSandbox : IAsyncDisposable
{
    /// <summary>The pod's network namespace; null for a hostNetwork pod.</summary>
    NetworkNamespace? Network { get; }

    /// <summary>Addresses that the runtime has given the pod by its own network plugins. Empty when connecting it is left to the agent.</summary>
    IReadOnlyList<IPAddress> Addresses { get; }
}

/// <summary>A container that has been started. It may have ended since.</summary>
internal interface IRunningContainer
{
    /// <summary>Without the scheme.</summary>
    string Id { get; }

    DateTimeOffset StartedAt { get; }

    /// <summary>Its first process, as this machine numbers it; null when that is not known. Only for looking at: it may have ended.</summary>
    int? ProcessId => null;

    /// <summary>What it writes.</summary>
    IContainerLog Log { get; }

    /// <summary>Completes when its first process has ended and all it wrote is in the log.</summary>
    Task<ContainerExit> Exit { get; }

    /// <summary>Asks it to end (TERM, or the image's own stop signal).</summary>
    /// <param name="grace">When it will be killed at the latest; a later <see cref="KillAsync"/> may come before.</param>
    Task TerminateAsync(TimeSpan grace);

    /// <summary>Kills it.</summary>
    Task KillAsync();

    /// <summary>Runs a program in it and hands back what it wrote, at most 10 KiB.</summary>
    /// <exception cref="ContainerStartException">The program could not be executed.</exception>
    Task<ExecutionResult> ExecuteAsync(IReadOnlyList<string> command, CancellationToken cancellation);

    /// <summary>Starts a program in it, with its streams in the caller's hands.</summary>
    /// <exception cref="ContainerStartException">The program could not be executed.</exception>
    Task<ContainerProgram> StartProgramAsync(ContainerProgramRequest request);

    /// <summary>Its own streams, from now on. Several may be attached at once.</summary>
    Task<ContainerProgram> AttachAsync(ProgramStreamsRequest request);

    /// <summary>Changes what it may use while it runs. A limit that the plan does not have stays as it is; so does the OOM score.</summary>
    /// <exception cref="IOException">The kernel or the runtime refuses, as less memory than it uses.</exception>
    Task ResizeAsync(ContainerResourcePlan plan, CancellationToken cancellation);

    /// <summary>What it uses at this moment; null when that is not known, as after its end.</summary>
    Task<ContainerUsage?> UsageAsync(CancellationToken cancellation);
}

/// <summary>A file in the CRI log format that is being written.</summary>
internal interface IContainerLog
{
    string FilePath { get; }

    /// <summary>How often the log has gone on in another file of the same name. It changes once everything is in the old one.</summary>
    int Generation { get; }

    /// <summary>Whether nothing more will come.</summary>
    bool IsClosed { get; }

    /// <summary>Completes when there may be more, or at the end. Take it before reading, so that nothing is missed.</summary>
    Task Changed { get; }
}

/// <summary>What of a pod is on this machine.</summary>
/// <param name="Sandbox">Null when its namespaces are gone, as after a reboot; its containers have ended then.</param>
internal sealed record PodOnMachine(string Uid, IPodSandbox? Sandbox, IReadOnlyList<ContainerOnMachine> Containers);

/// <summary>One run of a container; for each container the latest that is known.</summary>
internal sealed record ContainerOnMachine(string Name, int Attempt, IRunningContainer Container);

/// <summary>How a container ended.</summary>
/// <param name="Code">Exit code; 128 and the signal's number when one ended it.</param>
/// <param name="OutOfMemory">The kernel killed a process of it that wanted more memory than its limit.</param>
internal sealed record ContainerExit(int Code, DateTimeOffset FinishedAt, bool OutOfMemory = false)
{
    /// <summary>Nobody saw the end; upstream's kubelet shows 137 then.</summary>
    internal const int UnknownCode = 137;

    /// <summary>Nobody was there to see the end.</summary>
    public bool IsUnknown { get; init; }

    internal static ContainerExit Unknown(DateTimeOffset now) => new(UnknownCode, now) { IsUnknown = true };
}

/// <param name="CpuNanoseconds">Since it was started.</param>
/// <param name="WorkingSetBytes">Without what the kernel could drop at once.</param>
/// <param name="Processes">Null when not known.</param>
internal sealed record ContainerUsage(DateTimeOffset Time, long CpuNanoseconds, long WorkingSetBytes, long? Processes);

/// <param name="ExitCode">128 and the signal's number when one ended it.</param>
internal sealed record ExecutionResult(int ExitCode, string Output);

/// <summary>An image cannot be had.</summary>
internal sealed class ImageException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A container or a program in it could not be started.</summary>
internal sealed class ContainerStartException(string message, Exception? inner = null) : Exception(message, inner);
