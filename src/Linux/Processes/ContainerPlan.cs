using Dataplane.Linux.Mounts;

namespace Dataplane.Linux.Processes;

/// <summary>A container to start in a pod's sandbox.</summary>
public sealed record ContainerPlan
{
    /// <summary>The holder whose network, UTS and IPC namespaces the container joins.</summary>
    public required ChildProcess Sandbox { get; init; }

    public required ContainerRootPlan Root { get; init; }

    public required ProgramPlan Program { get; init; }
}
