namespace Dataplane.Kubelet.Runtimes;

/// <summary>The kubelet's containerLogMaxSize, containerLogMaxFiles and containerLogMonitorInterval.</summary>
public sealed record ContainerLogOptions
{
    /// <summary>Bytes after which a log goes on in a new file.</summary>
    public long MaxSize { get; init; } = 10 * 1024 * 1024;

    /// <summary>How many files a run of a container may have, the one written among them; at least 2.</summary>
    public int MaxFiles { get; init; } = 5;

    /// <summary>How often the size is looked at of logs that the runtime writes itself; those that the agent writes never get longer.</summary>
    public TimeSpan MonitorInterval { get; init; } = TimeSpan.FromSeconds(10);
}
