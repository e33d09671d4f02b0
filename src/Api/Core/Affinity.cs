using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dataplane.Api;

/// <summary>core/v1 Affinity.</summary>
public sealed record Affinity
{
    public NodeAffinity? NodeAffinity { get; set; }
    public PodAffinity? PodAffinity { get; set; }
    public PodAffinity? PodAntiAffinity { get; set; }
}

public sealed record NodeAffinity
{
    public NodeSelector? RequiredDuringSchedulingIgnoredDuringExecution { get; set; }
    public List<PreferredSchedulingTerm> PreferredDuringSchedulingIgnoredDuringExecution { get; set; } = [];
}

/// <summary>The terms are ORed, the requirements within one ANDed.</summary>
public sealed record NodeSelector
{
    public List<NodeSelectorTerm> NodeSelectorTerms { get; set; } = [];
}

public sealed record NodeSelectorTerm
{
    public List<NodeSelectorRequirement> MatchExpressions { get; set; } = [];
    public List<NodeSelectorRequirement> MatchFields { get; set; } = [];
}

public sealed record NodeSelectorRequirement
{
    public string Key { get; set; } = "";

    /// <summary><c>In</c>, <c>NotIn</c>, <c>Exists</c>, <c>DoesNotExist</c>, <c>Gt</c> or <c>Lt</c>.</summary>
    public string Operator { get; set; } = "";

    public List<string> Values { get; set; } = [];
}

public sealed record PreferredSchedulingTerm
{
    public int Weight { get; set; }
    public NodeSelectorTerm Preference { get; set; } = new();
}

/// <summary>PodAffinity and PodAntiAffinity have the same shape.</summary>
public sealed record PodAffinity
{
    public List<PodAffinityTerm> RequiredDuringSchedulingIgnoredDuringExecution { get; set; } = [];
    public List<WeightedPodAffinityTerm> PreferredDuringSchedulingIgnoredDuringExecution { get; set; } = [];
}

public sealed record PodAffinityTerm
{
    public LabelSelector? LabelSelector { get; set; }
    public List<string> Namespaces { get; set; } = [];
    public string TopologyKey { get; set; } = "";
    public LabelSelector? NamespaceSelector { get; set; }

    /// <inheritdoc cref="PodSpec.Others"/>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

public sealed record WeightedPodAffinityTerm
{
    public int Weight { get; set; }
    public PodAffinityTerm PodAffinityTerm { get; set; } = new();
}

/// <summary>Lets a pod onto nodes with matching taints. An empty key with <c>Exists</c> tolerates everything.</summary>
public sealed record Toleration
{
    public string? Key { get; set; }

    /// <summary><c>Equal</c> (also when absent) or <c>Exists</c>.</summary>
    public string? Operator { get; set; }

    public string? Value { get; set; }

    /// <summary>Absent: all effects.</summary>
    public string? Effect { get; set; }

    public long? TolerationSeconds { get; set; }
}

public sealed record TopologySpreadConstraint
{
    public int MaxSkew { get; set; }
    public string TopologyKey { get; set; } = "";

    /// <summary><c>DoNotSchedule</c> or <c>ScheduleAnyway</c>.</summary>
    public string WhenUnsatisfiable { get; set; } = "";

    public LabelSelector? LabelSelector { get; set; }
    public int? MinDomains { get; set; }
    public string? NodeAffinityPolicy { get; set; }
    public string? NodeTaintsPolicy { get; set; }
    public List<string> MatchLabelKeys { get; set; } = [];
}
