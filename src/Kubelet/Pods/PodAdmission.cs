using Dataplane.Api;
using Dataplane.Kubelet.Network;

namespace Dataplane.Kubelet.Pods;

/// <summary>What the node itself looks at before it runs a pod: the scheduler may not have been asked.</summary>
/// <param name="allowedSysctls">Patterns besides the safe ones.</param>
/// <param name="others">The pods of this node, the one in question among them.</param>
internal sealed class PodAdmission(IReadOnlyList<string> allowedSysctls, Func<IReadOnlyList<Pod>> others)
{
    /// <exception cref="PodRefusedException">It cannot run here, now or later.</exception>
    internal void Check(Pod pod)
    {
        PodSysctls.Check(pod, allowedSysctls);
        var wanted = HostPortMapping.Of(pod).ToArray();
        if (wanted.Length == 0)
        {
            return;
        }

        foreach (var other in others().Where(other => other.Metadata.UID != pod.Metadata.UID && IsBefore(other, pod)))
        {
            if (HostPortMapping.Of(other).Any(taken => Array.Exists(wanted, taken.Collides)))
            {
                throw new PodRefusedException("NodePorts", "Predicate NodePorts failed");
            }
        }
    }

    /// <summary>Whether the node has what a pod that is here asks for now. Numbers are thousandths of a processor, and bytes.</summary>
    /// <returns>Null when it has.</returns>
    internal ResizeRefusal? RefuseResize(Pod pod, IReadOnlyDictionary<string, Quantity> allocatable)
    {
        var running = others().Where(other => other.Metadata.UID != pod.Metadata.UID && other.Status.Phase is not ("Succeeded" or "Failed")).ToArray();

        // Upstream names memory first where there can never be enough, and processors first where there is not enough now.
        return ResourceAmounts.Resizable.Reverse().Select(Never).Concat(ResourceAmounts.Resizable.Select(NotNow)).FirstOrDefault(one => one is not null);

        ResizeRefusal? Never(string name)
        {
            var (requested, capacity) = (Shown(name, ResourceAmounts.OfPod(pod.Spec, name)), Shown(name, allocatable[name].Value));
            return requested > capacity
                ? new ResizeRefusal("Infeasible", $"Node didn't have enough capacity: {name}, requested: {requested}, capacity: {capacity}")
                : null;
        }

        ResizeRefusal? NotNow(string name)
        {
            var (requested, capacity) = (Shown(name, ResourceAmounts.OfPod(pod.Spec, name)), Shown(name, allocatable[name].Value));
            var used = running.Sum(other => Shown(name, ResourceAmounts.OfPod(other.Spec, name)));
            return requested + used > capacity
                ? new ResizeRefusal("Deferred", $"Node didn't have enough resource: {name}, requested: {requested}, used: {used}, capacity: {capacity}")
                : null;
        }

        static long Shown(string name, decimal amount) => name == "cpu" ? new Quantity(amount).MilliValue : new Quantity(amount).WholeValue;
    }

    /// <summary>Of two pods that cannot both be here, the one that came first is.</summary>
    private static bool IsBefore(Pod other, Pod pod) => other.Status.Phase is not ("Succeeded" or "Failed")
        && (other.Status.StartTime is not null && pod.Status.StartTime is null || Rank(other).CompareTo(Rank(pod)) < 0);

    private static (DateTimeOffset, string) Rank(Pod pod) => (pod.Metadata.CreationTimestamp ?? default, pod.Metadata.UID);
}

/// <param name="Reason">Deferred or Infeasible.</param>
/// <param name="Message">In upstream's words.</param>
internal sealed record ResizeRefusal(string Reason, string Message);

/// <summary>The node will not run a pod: it fails, and is not tried again.</summary>
internal sealed class PodRefusedException(string reason, string message) : Exception(message)
{
    internal string Reason { get; } = reason;
}
