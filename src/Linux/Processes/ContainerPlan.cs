using Dataplane.Linux.Mounts;

namespace Dataplane.Linux.Processes;

/// <summary>A container to start in a pod's sandbox.</summary>
public sealed record ContainerPlan
{
    /// <summary>The holder whose network, UTS and IPC namespaces the container joins.</summary>
    public required ChildProcess Sandbox { get; init; }

    public required ContainerRootPlan Root { get; init; }

    public required ProgramPlan Program { get; init; }

    public ProcessCredentials Credentials { get; init; } = ProcessCredentials.Unconfined;

    /// <summary>Whose PID namespace the container joins; null for one of its own, of which it is PID 1.</summary>
    public ChildProcess? Processes { get; init; }

    /// <summary>Whether it sees the machine's processes instead.</summary>
    public bool MachineProcesses { get; init; }

    /// <summary>A group that exists; joined before the program begins. Null for the calling process's.</summary>
    public Cgroups.Cgroup? Cgroup { get; init; }

    /// <summary>-1000 to 1000; null for the calling process's.</summary>
    public int? OomScoreAdjustment { get; init; }
}
