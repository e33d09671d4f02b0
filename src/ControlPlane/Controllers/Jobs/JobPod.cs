using System.Globalization;
using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.Replicas;

namespace Dataplane.ControlPlane.Controllers.Jobs;

/// <summary>The pods of jobs: how they are made and what is read from them.</summary>
internal static class JobPod
{
    /// <summary>Keeps a pod until it is counted.</summary>
    public const string TrackingFinalizer = "batch.kubernetes.io/job-tracking";

    /// <summary>An annotation and a label.</summary>
    public const string Index = "batch.kubernetes.io/job-completion-index";

    /// <summary>How often the index failed before this pod.</summary>
    public const string IndexFailures = "batch.kubernetes.io/job-index-failure-count";

    /// <summary>How often the index failed before this pod in ways that do not count.</summary>
    public const string IndexIgnored = "batch.kubernetes.io/job-index-ignored-failure-count";

    private const string IndexVariable = "JOB_COMPLETION_INDEX";

    /// <summary>What the server adds to generated names, and what is left of the 63 characters of a label.</summary>
    private const int MaxGeneratedBase = 58;

    /// <summary>A pod of a job without indexes.</summary>
    public static Pod Of(Job job)
    {
        var pod = PodWriter.FromTemplate(job, job.Spec.Template);
        pod.Metadata.Finalizers.Add(TrackingFinalizer);
        return pod;
    }

    /// <summary>The pod of an index.</summary>
    /// <param name="job">The job.</param>
    /// <param name="index">The index.</param>
    /// <param name="failed">The last pod of the index that failed, when failures are counted for each index.</param>
    /// <param name="counts">Whether that failure counts.</param>
    public static Pod Of(Job job, int index, Pod? failed, bool counts)
    {
        var pod = Of(job);
        var number = index.ToString(CultureInfo.InvariantCulture);
        var suffix = $"-{number}-";
        var name = job.Metadata.Name;
        pod.Metadata.GenerateName = name[..Math.Min(name.Length, MaxGeneratedBase - suffix.Length)] + suffix;
        pod.Metadata.Annotations[Index] = number;
        pod.Metadata.Labels[Index] = number;
        if (job.Spec.BackoffLimitPerIndex is not null)
        {
            var failures = failed is null ? 0 : Failures(failed) + (counts ? 1 : 0);
            var ignored = failed is null ? 0 : Ignored(failed) + (counts ? 0 : 1);
            pod.Metadata.Annotations[IndexFailures] = failures.ToString(CultureInfo.InvariantCulture);
            if (ignored > 0)
            {
                pod.Metadata.Annotations[IndexIgnored] = ignored.ToString(CultureInfo.InvariantCulture);
            }
        }

        return pod with
        {
            Spec = pod.Spec with
            {
                Hostname = $"{name}-{number}",
                InitContainers = pod.Spec.InitContainers.ConvertAll(WithIndex),
                Containers = pod.Spec.Containers.ConvertAll(WithIndex),
            },
        };
    }

    /// <summary>The completion index; null when the pod has none.</summary>
    public static int? IndexOf(Pod pod) => Number(pod, Index);

    public static int Failures(Pod pod) => Number(pod, IndexFailures) ?? 0;

    public static int Ignored(Pod pod) => Number(pod, IndexIgnored) ?? 0;

    public static bool IsTracked(Pod pod) => pod.Metadata.Finalizers.Contains(TrackingFinalizer);

    public static bool IsTerminating(Pod pod) => pod.Status.Phase is not ("Succeeded" or "Failed") && pod.Metadata.DeletionTimestamp is not null;

    /// <summary>Whether a pod counts as failed. A pod being deleted does, unless the job waits to see how it ends.</summary>
    public static bool HasFailed(Job job, Pod pod) =>
        pod.Status.Phase == "Failed" || (job.Spec.PodReplacementPolicy != "Failed" && IsTerminating(pod));

    /// <summary>When a pod ended: when its last container did, or the nearest that is known.</summary>
    public static DateTimeOffset FinishedAt(Pod pod, DateTimeOffset now)
    {
        var ends = pod.Status.ContainerStatuses.Select(status => status.State.Terminated?.FinishedAt).ToList();
        if (ends.Count > 0 && ends.TrueForAll(end => end is not null))
        {
            return ends.Max()!.Value;
        }

        var notReady = pod.Status.Conditions.Find(condition => condition is { Type: "Ready", Status: "False" })?.LastTransitionTime;
        return notReady ?? pod.Metadata.DeletionTimestamp ?? pod.Metadata.CreationTimestamp ?? now;
    }

    private static int? Number(Pod pod, string annotation) =>
        int.TryParse(pod.Metadata.Annotations.GetValueOrDefault(annotation), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    private static Container WithIndex(Container container) => container.Env.Exists(variable => variable.Name == IndexVariable)
        ? container
        : container with
        {
            Env =
            [
                .. container.Env,
                new EnvVar
                {
                    Name = IndexVariable,
                    ValueFrom = new EnvVarSource { FieldRef = new ObjectFieldSelector { FieldPath = $"metadata.labels['{Index}']" } },
                },
            ],
        };
}
