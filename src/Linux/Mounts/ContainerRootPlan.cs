namespace Dataplane.Linux.Mounts;

/// <summary>
/// A container's root filesystem, to be built in the container's own mount namespace: an overlay of an image directory
/// below and a private memory file system above, then mounts in the order of the list.
/// </summary>
public sealed record ContainerRootPlan
{
    /// <summary>The image: directories of this machine, the uppermost first, never written to.</summary>
    public required IReadOnlyList<string> Layers { get; init; }

    /// <summary>An existing empty directory of this machine, on which the root is built. Outside the container's namespace it stays empty.</summary>
    public required string Scratch { get; init; }

    /// <summary>After /proc, /sys and /dev, which every container gets.</summary>
    public IReadOnlyList<ContainerMount> Mounts { get; init; } = [];

    /// <summary>Whether nothing but what is mounted can be written.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Absolute paths that look empty; what is not there does not count.</summary>
    public IReadOnlyList<string> MaskedPaths { get; init; } = [];

    /// <summary>Absolute paths that cannot be changed; what is not there does not count.</summary>
    public IReadOnlyList<string> ReadOnlyPaths { get; init; } = [];

    /// <summary>Whether it has the machine's devices, and may change what is below /sys.</summary>
    public bool Privileged { get; init; }
}

/// <summary>One mount of a container's root filesystem.</summary>
/// <param name="Target">Absolute path in the container; made when missing. Links in it are followed within the container's root.</param>
public abstract record ContainerMount(string Target)
{
    /// <summary>A file or directory of this machine.</summary>
    public sealed record Bind(string Source, string Target, bool ReadOnly = false) : ContainerMount(Target);

    /// <summary>
    /// A private memory file system. With <paramref name="KeepDirectories"/> it starts with the directories (their owners and
    /// modes, no files) that the image has there, for programs that expect their subdirectories.
    /// </summary>
    public sealed record Memory(string Target, string Mode = "0755", bool KeepDirectories = false) : ContainerMount(Target);
}
