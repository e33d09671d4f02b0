using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.Jobs;

/// <summary>What a job's podFailurePolicy says of a failed pod.</summary>
/// <param name="Action"><c>FailJob</c>, <c>FailIndex</c>, <c>Ignore</c>, <c>Count</c>, or null when no rule matches.</param>
/// <param name="Message">Why the job fails, when it does.</param>
internal sealed record FailureVerdict(string? Action, string? Message)
{
    /// <summary>Whether the failure counts towards the limits.</summary>
    public bool Counts => Action != "Ignore";
}

/// <summary>The rules of a podFailurePolicy; the first that matches decides. Pure. Source: KEP-3329.</summary>
internal static class FailureRules
{
    private static readonly FailureVerdict None = new(null, null);

    public static FailureVerdict Match(Job job, Pod pod)
    {
        var rules = job.Spec.PodFailurePolicy?.Rules ?? [];
        for (var i = 0; i < rules.Count; i++)
        {
            var what = rules[i].OnExitCodes is { } codes ? ExitCode(codes, pod) : Condition(rules[i].OnPodConditions, pod);
            if (what is not null)
            {
                return new FailureVerdict(rules[i].Action, rules[i].Action == "FailJob" ? $"{what} matching FailJob rule at index {i}" : null);
            }
        }

        return None;
    }

    private static string? ExitCode(PodFailurePolicyOnExitCodesRequirement codes, Pod pod)
    {
        foreach (var status in pod.Status.ContainerStatuses.Concat(pod.Status.InitContainerStatuses))
        {
            if (status.State.Terminated is not { ExitCode: not 0 } ended || (codes.ContainerName is { } name && name != status.Name))
            {
                continue;
            }

            if (codes.Values.Contains(ended.ExitCode) == (codes.Operator == "In"))
            {
                return $"Container {status.Name} for pod {pod.Metadata.Namespace}/{pod.Metadata.Name} failed with exit code {ended.ExitCode}";
            }
        }

        return null;
    }

    private static string? Condition(List<PodFailurePolicyOnPodConditionsPattern> patterns, Pod pod)
    {
        var match = pod.Status.Conditions.Find(
            condition => patterns.Exists(pattern => pattern.Type == condition.Type && pattern.Status == condition.Status));
        return match is null ? null : $"Pod {pod.Metadata.Namespace}/{pod.Metadata.Name} has condition {match.Type}";
    }
}
