using Dataplane.Api;
using Dataplane.ControlPlane.Scheduling;

namespace Dataplane.ControlPlane.Controllers.Nodes;

/// <summary>How long a pod may stay on a node with its NoExecute taints. Pure.</summary>
internal static class TaintEvictionPlan
{
    public static List<Taint> NoExecute(Node node) => node.Spec.Taints.FindAll(taint => taint.Effect == "NoExecute");

    /// <returns>Null for ever, zero when a taint is not tolerated at all, else the shortest of the tolerations' times.</returns>
    public static TimeSpan? Allowance(Pod pod, IReadOnlyList<Taint> taints)
    {
        TimeSpan? shortest = null;
        foreach (var taint in taints)
        {
            if (!Taints.Tolerates(pod, taint))
            {
                return TimeSpan.Zero;
            }

            foreach (var toleration in pod.Spec.Tolerations.Where(toleration => Taints.Matches(toleration, taint) && toleration.TolerationSeconds is not null))
            {
                var allowed = TimeSpan.FromSeconds(Math.Max(0, toleration.TolerationSeconds!.Value));
                shortest = shortest is null || allowed < shortest ? allowed : shortest;
            }
        }

        return shortest;
    }
}
