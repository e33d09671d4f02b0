using System.Globalization;
using Dataplane.Api;

namespace Dataplane.ControlPlane.Scheduling;

/// <summary>nodeSelector and required node affinity. Pure.</summary>
internal static class NodeSelection
{
    public static bool Matches(Pod pod, Node node)
    {
        foreach (var (key, value) in pod.Spec.NodeSelector)
        {
            if (node.Metadata.Labels.GetValueOrDefault(key) != value)
            {
                return false;
            }
        }

        var required = pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution;
        return required is null || Matches(required, node);
    }

    /// <summary>Whether a node is one of those a selector names.</summary>
    public static bool Matches(NodeSelector selector, Node node) => selector.NodeSelectorTerms.Exists(term => Matches(term, node));

    /// <summary>The weights of the preferred terms a node fulfils.</summary>
    public static int PreferredWeight(Pod pod, Node node) =>
        pod.Spec.Affinity?.NodeAffinity?.PreferredDuringSchedulingIgnoredDuringExecution
            .Where(term => Matches(term.Preference, node))
            .Sum(term => term.Weight) ?? 0;

    /// <summary>An empty term matches nothing.</summary>
    private static bool Matches(NodeSelectorTerm term, Node node) =>
        term.MatchExpressions.Count + term.MatchFields.Count > 0
        && term.MatchExpressions.TrueForAll(requirement => Matches(requirement, node.Metadata.Labels.GetValueOrDefault(requirement.Key)))
        && term.MatchFields.TrueForAll(requirement => Matches(requirement, requirement.Key == "metadata.name" ? node.Metadata.Name : null));

    private static bool Matches(NodeSelectorRequirement requirement, string? value) => requirement.Operator switch
    {
        "In" => value is not null && requirement.Values.Contains(value),
        "NotIn" => value is null || !requirement.Values.Contains(value),
        "Exists" => value is not null,
        "DoesNotExist" => value is null,
        "Gt" => Compare(value, requirement) > 0,
        "Lt" => Compare(value, requirement) < 0,
        _ => false,
    };

    private static int Compare(string? value, NodeSelectorRequirement requirement) =>
        requirement.Values.Count == 1
        && long.TryParse(value, CultureInfo.InvariantCulture, out var left)
        && long.TryParse(requirement.Values[0], CultureInfo.InvariantCulture, out var right)
            ? left.CompareTo(right)
            : 0;
}
