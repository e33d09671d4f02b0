using System.Globalization;
using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.Deployments;

/// <summary>What a deployment notes on its ReplicaSets: revision, and the size it had when they were last sized.</summary>
internal static class Annotations
{
    public const string Revision = "deployment.kubernetes.io/revision";
    public const string DesiredReplicas = "deployment.kubernetes.io/desired-replicas";
    public const string MaxReplicas = "deployment.kubernetes.io/max-replicas";
    public const string RevisionHistory = "deployment.kubernetes.io/revision-history";
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    public static long Number(ObjectMeta metadata, string annotation) =>
        long.TryParse(
            metadata.Annotations.GetValueOrDefault(annotation), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>The annotations a deployment's current ReplicaSet should have: its own, the deployment's, the revision and the sizes.</summary>
    public static Dictionary<string, string> ForNewest(Deployment deployment, ReplicaSet? set, long revision)
    {
        var annotations = new Dictionary<string, string>(set?.Metadata.Annotations ?? []);
        if (annotations.GetValueOrDefault(Revision) is { } earlier && Number(set!.Metadata, Revision) < revision)
        {
            // The set has been the newest before: under which numbers is remembered.
            var history = annotations.GetValueOrDefault(RevisionHistory);
            annotations[RevisionHistory] = string.IsNullOrEmpty(history) ? earlier : $"{history},{earlier}";
        }

        foreach (var (key, value) in deployment.Metadata.Annotations)
        {
            if (key is not (Revision or RevisionHistory or DesiredReplicas or MaxReplicas or LastApplied))
            {
                annotations[key] = value;
            }
        }

        annotations[Revision] = revision.ToString(CultureInfo.InvariantCulture);
        return WithSizes(annotations, deployment);
    }

    public static Dictionary<string, string> WithSizes(Dictionary<string, string> annotations, Deployment deployment)
    {
        var limits = RolloutLimits.Of(deployment);
        return new Dictionary<string, string>(annotations)
        {
            [DesiredReplicas] = limits.Replicas.ToString(CultureInfo.InvariantCulture),
            [MaxReplicas] = (limits.Replicas + limits.MaxSurge).ToString(CultureInfo.InvariantCulture),
        };
    }
}
