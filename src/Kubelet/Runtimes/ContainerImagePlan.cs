namespace Dataplane.Kubelet.Runtimes;

/// <summary>What an image name stands for.</summary>
internal sealed record ContainerImagePlan
{
    /// <summary>As the pod names it.</summary>
    public required string Name { get; init; }

    /// <summary>Unpacked content: a directory of this machine.</summary>
    public required string Directory { get; init; }

    /// <summary>Whether it is the machine's own root, parts of which a container must not see.</summary>
    public bool IsHost { get; init; }

    public IReadOnlyList<string> Entrypoint { get; init; } = [];
    public IReadOnlyList<string> Command { get; init; } = [];
    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];
    public string WorkingDirectory { get; init; } = "/";

    /// <summary>argv by the rules of Docker and Kubernetes: a command replaces both, arguments only the image's command.</summary>
    internal IReadOnlyList<string> Arguments(IReadOnlyList<string> command, IReadOnlyList<string> arguments) =>
        command.Count > 0 ? [.. command, .. arguments]
        : arguments.Count > 0 ? [.. Entrypoint, .. arguments]
        : [.. Entrypoint, .. Command];
}
