using Dataplane.Api;

namespace Dataplane.ControlPlane.Scheduling;

/// <summary>Why a pod cannot run on a node, in upstream's words; nothing when it can. Pure.</summary>
internal static class NodeFilter
{
    private const string Unschedulable = "node.kubernetes.io/unschedulable";

    /// <summary>All of the first kind of reasons that rule the node out, in upstream's order of kinds.</summary>
    public static IReadOnlyList<string> Reasons(Pod pod, NodeState state)
    {
        var node = state.Node!;
        if (node.Spec.Unschedulable == true && !Taints.Tolerates(pod, new Taint { Key = Unschedulable, Effect = "NoSchedule" }))
        {
            return ["node(s) were unschedulable"];
        }

        if (Taints.FirstUntolerated(pod, node) is { } taint)
        {
            return [$"node(s) had untolerated taint {{{taint.Key}: {taint.Value}}}"];
        }

        if (!NodeSelection.Matches(pod, node))
        {
            return ["node(s) didn't match Pod's node affinity/selector"];
        }

        if (PortsCollide(pod, state))
        {
            return ["node(s) didn't have free ports for the requested pod ports"];
        }

        return Shortages(pod, state);
    }

    private static bool PortsCollide(Pod pod, NodeState state)
    {
        var wanted = PodRequest.HostPorts(pod).ToList();
        return wanted.Count > 0 && state.Pods.SelectMany(PodRequest.HostPorts).Any(taken => wanted.Exists(port =>
            port.Port == taken.Port
            && port.Protocol == taken.Protocol
            && (port.Address == taken.Address || port.Address.Length == 0 || taken.Address.Length == 0)));
    }

    /// <summary>A resource the node does not report is not limited: simple nodes need report none.</summary>
    private static List<string> Shortages(Pod pod, NodeState state)
    {
        var reasons = new List<string>();
        var allocatable = state.Node!.Status.Allocatable;
        if (allocatable.TryGetValue("pods", out var pods) && state.Pods.Count >= pods.WholeValue)
        {
            reasons.Add("Too many pods");
        }

        var request = PodRequest.Of(pod);
        if (request.MilliCpu > 0 && allocatable.TryGetValue("cpu", out var cpu) && state.MilliCpu + request.MilliCpu > cpu.MilliValue)
        {
            reasons.Add("Insufficient cpu");
        }

        if (request.Memory > 0 && allocatable.TryGetValue("memory", out var memory) && state.Memory + request.Memory > memory.WholeValue)
        {
            reasons.Add("Insufficient memory");
        }

        return reasons;
    }
}
