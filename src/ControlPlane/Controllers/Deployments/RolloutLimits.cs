using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.Deployments;

/// <summary>How far a rollout may go above and below the size asked for.</summary>
internal readonly record struct RolloutLimits(int Replicas, int MaxSurge, int MaxUnavailable)
{
    private static readonly IntOrString Quarter = "25%";

    public static RolloutLimits Of(Deployment deployment)
    {
        var replicas = deployment.Spec.Replicas ?? 1;
        if (deployment.Spec.Strategy.Type == "Recreate")
        {
            return new RolloutLimits(replicas, 0, 0);
        }

        var rolling = deployment.Spec.Strategy.RollingUpdate;
        var surge = (rolling?.MaxSurge ?? Quarter).Scale(replicas, roundUp: true);
        var unavailable = (rolling?.MaxUnavailable ?? Quarter).Scale(replicas, roundUp: false);
        // Neither up nor down would be a rollout that never moves.
        return new RolloutLimits(replicas, surge, Math.Min(surge == 0 && unavailable == 0 ? 1 : unavailable, replicas));
    }
}
