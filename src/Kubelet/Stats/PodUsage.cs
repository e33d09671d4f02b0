using Dataplane.Api;
using Dataplane.Kubelet.Pods;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Stats;

/// <summary>What a pod's running containers use.</summary>
internal sealed record PodUsage(Pod Pod, IReadOnlyList<ContainerUsage> Containers, IReadOnlyList<NetworkUsage> Network)
{
    private static readonly NamespaceUsage Nothing = new(TimeSpan.Zero, 0, 0);

    internal TimeSpan ProcessorTime => new(Containers.Sum(one => one.ProcessorTime.Ticks));

    internal long WorkingSetBytes => Containers.Sum(one => one.WorkingSetBytes);

    internal long ResidentBytes => Containers.Sum(one => one.Use.ResidentBytes);

    /// <summary>When the last of them was measured.</summary>
    internal DateTimeOffset Time => Containers.Max(one => one.Time);

    /// <summary>Of all pods, from one walk through the machine's processes and what the runtime says of each container.</summary>
    internal static async Task<IReadOnlyList<PodUsage>> ReadAsync(IEnumerable<PodWorker> workers, TimeProvider time, CancellationToken cancellation)
    {
        var walked = time.GetUtcNow();
        var namespaces = NamespaceUsage.Read();
        var pods = new List<PodUsage>();
        foreach (var worker in workers)
        {
            // Processes that several containers see are counted with the first of them, and once only.
            var counted = new HashSet<string>(StringComparer.Ordinal);
            var containers = new List<ContainerUsage>();
            IReadOnlyList<NetworkUsage> network = [];
            foreach (var name in PodContainers.Of(worker.Pod.Spec).Select(one => one.Name))
            {
                if (worker.RunOf(name) is { Exit.IsCompleted: false, ProcessId: { } pid } run
                    && NamespaceUsage.NameOf(pid) is { } own && namespaces.TryGetValue(own, out var processes))
                {
                    var use = counted.Add(own) ? processes : null;
                    if ((await MeasureAsync(run, cancellation) ?? FromProcesses(use, walked)) is { } measured)
                    {
                        containers.Add(new ContainerUsage(name, run.Id, run.StartedAt, use ?? Nothing, measured));
                    }

                    network = network.Count > 0 || worker.Pod.Spec.HostNetwork == true ? network : NetworkUsage.Of(pid);
                }
            }

            if (containers.Count > 0)
            {
                pods.Add(new PodUsage(worker.Pod, containers, network));
            }
        }

        return pods;
    }

    /// <summary>By its control group: that counts processes that have ended too, and no shared page twice. Null without one.</summary>
    private static async Task<Runtimes.ContainerUsage?> MeasureAsync(Runtimes.IRunningContainer run, CancellationToken cancellation)
    {
        try
        {
            return await run.UsageAsync(cancellation);
        }
        catch (IOException)
        {
            // The engine does not answer, or the container has ended: what its processes have used is known all the same.
            return null;
        }
    }

    private static Runtimes.ContainerUsage? FromProcesses(NamespaceUsage? use, DateTimeOffset walked) =>
        use is null ? null : new Runtimes.ContainerUsage(walked, (long)use.ProcessorTime.TotalNanoseconds, use.ResidentBytes, use.Processes);
}

/// <param name="Name">The container's.</param>
/// <param name="Id">Without the runtime's scheme.</param>
/// <param name="StartedAt">When this run was started.</param>
/// <param name="Use">By its processes, as far as another container of the pod does not count them.</param>
/// <param name="Measured">By its control group if there is one, otherwise by its processes.</param>
internal sealed record ContainerUsage(string Name, string Id, DateTimeOffset StartedAt, NamespaceUsage Use, Runtimes.ContainerUsage Measured)
{
    internal DateTimeOffset Time => Measured.Time;

    internal TimeSpan ProcessorTime => TimeSpan.FromTicks(Measured.CpuNanoseconds / TimeSpan.NanosecondsPerTick);

    internal long WorkingSetBytes => Measured.WorkingSetBytes;
}
