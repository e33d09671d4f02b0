using Dataplane.Api;

namespace Dataplane.ControlPlane.Scheduling;

/// <summary>What a pod takes from a node: millicores, bytes, and the host ports it binds.</summary>
internal readonly record struct PodRequest(long MilliCpu, long Memory)
{
    public static PodRequest Of(Pod pod)
    {
        var (cpu, memory) = (0L, 0L);
        var (sidecarCpu, sidecarMemory) = (0L, 0L);
        var (startCpu, startMemory) = (0L, 0L);
        foreach (var container in pod.Spec.InitContainers)
        {
            var request = Of(container);
            if (container.RestartPolicy == "Always")
            {
                sidecarCpu += request.MilliCpu;
                sidecarMemory += request.Memory;
            }

            // Init containers run one after the other, each beside the sidecars started so far (KEP-753).
            startCpu = Math.Max(startCpu, container.RestartPolicy == "Always" ? sidecarCpu : sidecarCpu + request.MilliCpu);
            startMemory = Math.Max(startMemory, container.RestartPolicy == "Always" ? sidecarMemory : sidecarMemory + request.Memory);
        }

        foreach (var container in pod.Spec.Containers)
        {
            var request = Of(container);
            cpu += request.MilliCpu;
            memory += request.Memory;
        }

        return new PodRequest(
            Math.Max(cpu + sidecarCpu, startCpu) + Amount(pod.Spec.Overhead, "cpu").MilliValue,
            Math.Max(memory + sidecarMemory, startMemory) + Amount(pod.Spec.Overhead, "memory").WholeValue);
    }

    /// <summary>The host ports a pod binds: address (empty for all), protocol, port.</summary>
    public static IEnumerable<(string Address, string Protocol, int Port)> HostPorts(Pod pod) =>
        from container in pod.Spec.Containers
        from port in container.Ports
        let number = port.HostPort ?? (pod.Spec.HostNetwork == true ? port.Port : 0)
        where number > 0
        select (port.HostIP is null or "0.0.0.0" or "::" ? "" : port.HostIP, port.Protocol ?? "TCP", number);

    private static PodRequest Of(Container container) =>
        new(Amount(container, "cpu").MilliValue, Amount(container, "memory").WholeValue);

    /// <summary>A limit without a request is a request of the same size.</summary>
    private static Quantity Amount(Container container, string resource) =>
        container.Resources.Requests.TryGetValue(resource, out var request) ? request : Amount(container.Resources.Limits, resource);

    private static Quantity Amount(Dictionary<string, Quantity> amounts, string resource) => amounts.GetValueOrDefault(resource);
}
