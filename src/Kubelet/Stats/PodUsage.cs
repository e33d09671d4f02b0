using Dataplane.Api;
using Dataplane.Kubelet.Pods;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Stats;

/// <summary>What a pod's running containers use.</summary>
internal sealed record PodUsage(Pod Pod, IReadOnlyList<ContainerUsage> Containers, IReadOnlyList<NetworkUsage> Network)
{
    internal TimeSpan ProcessorTime => new(Containers.Sum(one => one.Use.ProcessorTime.Ticks));

    internal long ResidentBytes => Containers.Sum(one => one.Use.ResidentBytes);

    /// <summary>Of all pods, from one walk through the machine's processes.</summary>
    internal static IReadOnlyList<PodUsage> Read(IEnumerable<PodWorker> workers)
    {
        var namespaces = NamespaceUsage.Read();
        var pods = new List<PodUsage>();
        foreach (var worker in workers)
        {
            // Containers that see each other's processes are counted with the first of them, and once only.
            var counted = new HashSet<string>(StringComparer.Ordinal);
            var containers = new List<ContainerUsage>();
            IReadOnlyList<NetworkUsage> network = [];
            foreach (var name in PodContainers.Of(worker.Pod.Spec).Select(one => one.Name))
            {
                if (worker.RunOf(name) is { Exit.IsCompleted: false, ProcessId: { } pid } run
                    && NamespaceUsage.NameOf(pid) is { } own && namespaces.TryGetValue(own, out var use) && counted.Add(own))
                {
                    containers.Add(new ContainerUsage(name, run.Id, run.StartedAt, use));
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
}

/// <param name="Name">The container's.</param>
/// <param name="Id">Without the runtime's scheme.</param>
/// <param name="StartedAt">When this run was started.</param>
/// <param name="Use">By its processes.</param>
internal sealed record ContainerUsage(string Name, string Id, DateTimeOffset StartedAt, NamespaceUsage Use);
