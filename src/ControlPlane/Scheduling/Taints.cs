using Dataplane.Api;

namespace Dataplane.ControlPlane.Scheduling;

/// <summary>Which taints of a node keep a pod away. Pure.</summary>
internal static class Taints
{
    /// <summary>The first taint that forbids the pod; those that only discourage it do not count.</summary>
    public static Taint? FirstUntolerated(Pod pod, Node node) =>
        node.Spec.Taints.Find(taint => taint.Effect is "NoSchedule" or "NoExecute" && !Tolerates(pod, taint));

    /// <summary>How many taints discourage the pod.</summary>
    public static int Discouraging(Pod pod, Node node) =>
        node.Spec.Taints.Count(taint => taint.Effect == "PreferNoSchedule" && !Tolerates(pod, taint));

    public static bool Tolerates(Pod pod, Taint taint) => pod.Spec.Tolerations.Exists(toleration => Matches(toleration, taint));

    public static bool Matches(Toleration toleration, Taint taint)
    {
        if (!string.IsNullOrEmpty(toleration.Effect) && toleration.Effect != taint.Effect)
        {
            return false;
        }

        if (!string.IsNullOrEmpty(toleration.Key) && toleration.Key != taint.Key)
        {
            return false;
        }

        return toleration.Operator == "Exists" || (!string.IsNullOrEmpty(toleration.Key) && (toleration.Value ?? "") == (taint.Value ?? ""));
    }
}
