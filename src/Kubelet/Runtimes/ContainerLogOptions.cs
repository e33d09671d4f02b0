namespace Dataplane.Kubelet.Runtimes;

/// <summary>The kubelet's containerLogMaxSize and containerLogMaxFiles.</summary>
public sealed record ContainerLogOptions
{
    /// <summary>Bytes after which a log goes on in a new file.</summary>
    public long MaxSize { get; init; } = 10 * 1024 * 1024;

    /// <summary>How many files a run of a container may have, the one written among them; at least 2.</summary>
    public int MaxFiles { get; init; } = 5;
}
