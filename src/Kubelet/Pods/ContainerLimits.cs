using Dataplane.Api;
using Dataplane.Kubelet.Runtimes;

namespace Dataplane.Kubelet.Pods;

/// <summary>requests and limits in the kernel's terms. The numbers are upstream's (pkg/kubelet/cm, pkg/kubelet/qos).</summary>
internal static class ContainerLimits
{
    private const long SharesPerCpu = 1024;
    private const long LeastShares = 2;
    private const long MostShares = 262_144;
    private const long LeastQuota = 1000;
    private const int MilliPerCpu = 1000;

    private const int GuaranteedScore = -997;
    private const int BestEffortScore = 1000;

    /// <param name="pod">Its class decides who is killed first.</param>
    /// <param name="container">One of its containers.</param>
    /// <param name="options">Limit of processes for each pod.</param>
    /// <param name="machineMemory">Bytes.</param>
    internal static ContainerResourcePlan Of(Pod pod, Container container, KubeletOptions options, long machineMemory)
    {
        var (limits, requests) = (container.Resources.Limits, container.Resources.Requests);
        var cpuLimit = limits.TryGetValue("cpu", out var cpu) ? cpu.MilliValue : 0;
        var cpuRequest = requests.TryGetValue("cpu", out var requested) ? requested.MilliValue : cpuLimit;
        var memoryRequest = requests.TryGetValue("memory", out var memory) ? memory.WholeValue
            : limits.TryGetValue("memory", out memory) ? memory.WholeValue
            : 0;
        return new ContainerResourcePlan
        {
            CpuShares = Math.Clamp(cpuRequest * SharesPerCpu / MilliPerCpu, LeastShares, MostShares),
            CpuQuota = cpuLimit > 0 ? Math.Max(LeastQuota, cpuLimit * ContainerResourcePlan.CpuPeriod / MilliPerCpu) : null,
            Memory = limits.TryGetValue("memory", out var most) && most.WholeValue > 0 ? most.WholeValue : null,
            Processes = options.PodPidsLimit > 0 ? options.PodPidsLimit : null,
            OomScoreAdjustment = Score(PodStatusPlan.QualityOfService(pod.Spec), memoryRequest, machineMemory),
        };
    }

    private static int Score(string quality, long memoryRequest, long machineMemory) => quality switch
    {
        "Guaranteed" => GuaranteedScore,
        "BestEffort" => BestEffortScore,

        // Never as safe as Guaranteed, never as bad as BestEffort, and the more is asked for the safer.
        _ => (int)Math.Clamp(BestEffortScore - (BestEffortScore * memoryRequest / Math.Max(1, machineMemory)), BestEffortScore + GuaranteedScore, BestEffortScore - 1),
    };
}
