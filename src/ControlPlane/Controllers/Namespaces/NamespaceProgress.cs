using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.Namespaces;

/// <summary>How far the emptying of a namespace has come, as its conditions tell it. Texts are upstream's.</summary>
internal sealed class NamespaceProgress
{
    private readonly SortedDictionary<string, int> _remaining = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _finalizers = new(StringComparer.Ordinal);
    private readonly List<string> _failures = [];

    /// <summary>Why discovery did not tell all resources; null when it did.</summary>
    public string? DiscoveryFailure { get; set; }

    public bool IsEmpty => _remaining.Count == 0 && _failures.Count == 0 && DiscoveryFailure is null;

    /// <summary>Notes what is left of a resource.</summary>
    public void Remaining(ResourceType resource, IReadOnlyCollection<PartialObjectMetadata> objects)
    {
        if (objects.Count > 0)
        {
            _remaining[$"{resource.Plural}.{resource.Group}"] = objects.Count;
        }

        foreach (var finalizer in objects.SelectMany(obj => obj.Metadata.Finalizers))
        {
            _finalizers[finalizer] = _finalizers.GetValueOrDefault(finalizer) + 1;
        }
    }

    public void Failed(ResourceType resource, string why) => _failures.Add($"{resource.Plural}.{resource.Group}: {why}");

    /// <summary>The conditions of a namespace in this state; those it has already keep their time.</summary>
    public List<NamespaceCondition> Conditions(IReadOnlyList<NamespaceCondition> current, DateTimeOffset now)
    {
        NamespaceCondition[] wanted =
        [
            Condition(
                "NamespaceDeletionDiscoveryFailure", DiscoveryFailure is null ? null : "DiscoveryFailed",
                "Discovery failed for some groups, 1 failing: " + DiscoveryFailure, "ResourcesDiscovered", "All resources successfully discovered"),
            Condition("NamespaceDeletionGroupVersionParsingFailure", null, "", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
            Condition(
                "NamespaceDeletionContentFailure", _failures.Count == 0 ? null : "ContentDeletionFailed",
                $"Failed to delete all resource types, {_failures.Count} remaining: {string.Join(", ", _failures)}",
                "ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
            Condition(
                "NamespaceContentRemaining", _remaining.Count == 0 ? null : "SomeResourcesRemain",
                "Some resources are remaining: " + string.Join(", ", _remaining.Select(entry => $"{entry.Key} has {entry.Value} resource instances")),
                "ContentRemoved", "All content successfully removed"),
            Condition(
                "NamespaceFinalizersRemaining", _finalizers.Count == 0 ? null : "SomeFinalizersRemain",
                "Some content in the namespace has finalizers remaining: " + string.Join(", ", _finalizers.Select(entry => $"{entry.Key} in {entry.Value} resource instances")),
                "ContentHasNoFinalizers", "All content-preserving finalizers finished"),
        ];
        var rest = current.Where(condition => Array.TrueForAll(wanted, other => other.Type != condition.Type));
        return
        [
            .. rest,
            .. wanted.Select(condition =>
            {
                var before = current.FirstOrDefault(other => other.Type == condition.Type);
                return condition with { LastTransitionTime = before?.Status == condition.Status ? before.LastTransitionTime : now };
            }),
        ];
    }

    private static NamespaceCondition Condition(string type, string? reason, string message, string goodReason, string goodMessage) => new()
    {
        Type = type,
        Status = reason is null ? "False" : "True",
        Reason = reason ?? goodReason,
        Message = reason is null ? goodMessage : message,
    };
}
