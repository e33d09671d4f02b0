namespace Dataplane.Kubelet.Runtimes;

/// <summary>An image that is a directory of this machine.</summary>
internal sealed record FileImagePlan : ContainerImagePlan
{
    /// <summary>Unpacked layers, the uppermost first; at least one.</summary>
    public required IReadOnlyList<string> Layers { get; init; }

    /// <summary>Whether it is the machine's own root, parts of which a container must not see.</summary>
    public bool IsHost { get; init; }

    public IReadOnlyList<string> Entrypoint { get; init; } = [];
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary><c>NAME=value</c>.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    public string WorkingDirectory { get; init; } = "/";

    /// <summary>argv by the rules of Docker and Kubernetes: a command replaces both, arguments only the image's command.</summary>
    internal IReadOnlyList<string> Arguments(IReadOnlyList<string> command, IReadOnlyList<string> arguments) =>
        command.Count > 0 ? [.. command, .. arguments]
        : arguments.Count > 0 ? [.. Entrypoint, .. arguments]
        : [.. Entrypoint, .. Command];
}
