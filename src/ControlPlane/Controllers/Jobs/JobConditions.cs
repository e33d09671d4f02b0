using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.Jobs;

/// <summary>The conditions of a job's status.</summary>
internal static class JobConditions
{
    public const string Complete = "Complete";
    public const string Failed = "Failed";
    public const string FailureTarget = "FailureTarget";
    public const string SuccessCriteriaMet = "SuccessCriteriaMet";
    public const string Suspended = "Suspended";

    /// <summary>The condition that ended the job; null while it has not.</summary>
    public static JobCondition? End(Job job) =>
        job.Status.Conditions.Find(condition => condition is { Type: Complete or Failed, Status: "True" });

    public static JobCondition? Find(Job job, string type) => job.Status.Conditions.Find(condition => condition.Type == type && condition.Status == "True");

    public static JobCondition New(string type, bool status, string reason, string message, DateTimeOffset now) => new()
    {
        Type = type,
        Status = status ? "True" : "False",
        LastProbeTime = now,
        LastTransitionTime = now,
        Reason = reason,
        Message = message,
    };

    /// <summary>What a verdict becomes when all pods have ended.</summary>
    public static JobCondition Final(JobCondition verdict, DateTimeOffset now) =>
        New(verdict.Type == FailureTarget ? Failed : Complete, true, verdict.Reason ?? "", verdict.Message ?? "", now);

    /// <summary>The conditions with one set; the same list when it already says so, or says nothing and is to say no.</summary>
    public static List<JobCondition> With(List<JobCondition> conditions, JobCondition condition)
    {
        var current = conditions.Find(other => other.Type == condition.Type);
        if (current is null)
        {
            return condition.Status == "False" ? conditions : [.. conditions, condition];
        }

        return (current.Status, current.Reason, current.Message) == (condition.Status, condition.Reason, condition.Message)
            ? conditions
            : conditions.ConvertAll(other => other.Type == condition.Type ? condition : other);
    }
}
