namespace Dataplane.Api;

/// <summary>policy/v1 PodDisruptionBudget.</summary>
public sealed record PodDisruptionBudget : IResource<PodDisruptionBudget>
{
    public static ResourceType Resource { get; } = new("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", true);

    public string ApiVersion { get; set; } = "policy/v1";
    public string Kind { get; set; } = "PodDisruptionBudget";
    public ObjectMeta Metadata { get; set; } = new();
    public PodDisruptionBudgetSpec Spec { get; set; } = new();
    public PodDisruptionBudgetStatus Status { get; set; } = new();
}

public sealed record PodDisruptionBudgetSpec
{
    /// <summary>A number of pods or a percentage of them; excludes <see cref="MaxUnavailable"/>.</summary>
    public IntOrString? MinAvailable { get; set; }

    public IntOrString? MaxUnavailable { get; set; }

    /// <summary>Absent selects nothing, empty everything in the namespace.</summary>
    public LabelSelector? Selector { get; set; }

    /// <summary><c>IfHealthyBudget</c> (also when absent) or <c>AlwaysAllow</c>.</summary>
    public string? UnhealthyPodEvictionPolicy { get; set; }
}

public sealed record PodDisruptionBudgetStatus
{
    /// <summary>The spec's generation the numbers are of; evictions wait for the newest.</summary>
    public long? ObservedGeneration { get; set; }

    /// <summary>Pods whose eviction was allowed and has not been seen yet, with the time it was.</summary>
    public Dictionary<string, DateTimeOffset> DisruptedPods { get; set; } = [];

    public int DisruptionsAllowed { get; set; }
    public int CurrentHealthy { get; set; }
    public int DesiredHealthy { get; set; }
    public int ExpectedPods { get; set; }
    public List<Condition> Conditions { get; set; } = [];
}
