namespace Dataplane.Api;

/// <summary>A selector as objects carry it. An empty one matches everything, an absent one nothing.</summary>
public sealed record LabelSelector
{
    public Dictionary<string, string> MatchLabels { get; set; } = [];
    public List<LabelSelectorRequirement> MatchExpressions { get; set; } = [];
}

/// <summary>One requirement of a <see cref="LabelSelector"/>.</summary>
public sealed record LabelSelectorRequirement
{
    public string Key { get; set; } = "";

    /// <summary><c>In</c>, <c>NotIn</c>, <c>Exists</c> or <c>DoesNotExist</c>.</summary>
    public string Operator { get; set; } = "";

    public List<string> Values { get; set; } = [];
}
