using Dataplane.Kubelet.Network;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>Which processes a container sees.</summary>
internal enum ProcessScope
{
    /// <summary>Its own only.</summary>
    Container,

    /// <summary>Those of all containers of the pod (shareProcessNamespace).</summary>
    Pod,

    /// <summary>Those of the machine (hostPID).</summary>
    Host,

    /// <summary>Those of another container (an ephemeral container with a target).</summary>
    Target,
}

internal sealed record SandboxRequest
{
    public required PodIdentity Pod { get; init; }

    public required string Hostname { get; init; }

    public bool HostNetwork { get; init; }

    public bool HostIpc { get; init; }

    /// <summary>Of its containers; never <see cref="ProcessScope.Target"/>.</summary>
    public ProcessScope Processes { get; init; }

    /// <summary>Whether a container of it is privileged.</summary>
    public bool Privileged { get; init; }

    /// <summary>Where the pod's logs go: below it NAME/ATTEMPT.log.</summary>
    public required string LogDirectory { get; init; }

    /// <summary>For a runtime that connects the pod itself.</summary>
    public IReadOnlyList<HostPortMapping> HostPorts { get; init; } = [];

    /// <summary>The pod's, of which plugins of such a runtime read some.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();
}

/// <summary>What tells a pod from others.</summary>
internal sealed record PodIdentity(string Uid, string Namespace, string Name);

internal sealed record ContainerRequest
{
    /// <summary>What the sandbox was, or would be, asked for.</summary>
    public required SandboxRequest Sandbox { get; init; }

    public PodIdentity Pod => Sandbox.Pod;

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

    /// <summary>In the order of mounting, with /etc/hosts, /etc/hostname and /etc/resolv.conf.</summary>
    public required IReadOnlyList<ContainerVolume> Volumes { get; init; }

    /// <summary>Where what it writes goes.</summary>
    public required string LogPath { get; init; }

    public ContainerSecurityPlan Security { get; init; } = new();

    public ContainerResourcePlan Resources { get; init; } = new();

    public ProcessScope Processes { get; init; }

    /// <summary>The container for <see cref="ProcessScope.Target"/>.</summary>
    public IRunningContainer? Target { get; init; }

    /// <summary>Whether its input is kept open for those who attach; otherwise it is /dev/null.</summary>
    public bool Input { get; init; }

    /// <summary>Whether its input ends with that of the first who attaches.</summary>
    public bool InputOnce { get; init; }

    /// <summary>Whether it runs on a terminal.</summary>
    public bool Terminal { get; init; }
}

/// <param name="Source">A file or directory of this machine.</param>
/// <param name="Target">Absolute path in the container.</param>
/// <param name="Propagation">As the API names it; null for none.</param>
internal sealed record ContainerVolume(string Source, string Target, bool ReadOnly, string? Propagation = null);
