using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.Replicas;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Controllers.DaemonSets;

/// <summary>The pod a daemon set puts on a node. The scheduler binds it: a node affinity leaves it no choice.</summary>
internal static class DaemonPod
{
    public const string HashLabel = "controller-revision-hash";
    private const string GenerationLabel = "pod-template-generation";
    private const string NodeField = "metadata.name";

    /// <summary>Daemons run where others are kept away: on nodes that are not ready, short of something, or cordoned.</summary>
    private static readonly (string Key, string Effect)[] Tolerated =
    [
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ];

    /// <summary>The pod before it has a node.</summary>
    public static Pod Of(DaemonSet set, string hash)
    {
        var pod = PodWriter.FromTemplate(set, set.Spec.Template);
        pod.Metadata.Labels[HashLabel] = hash;
        if (Generation(set) is { } generation)
        {
            pod.Metadata.Labels[GenerationLabel] = generation;
        }

        return pod with { Spec = pod.Spec with { Tolerations = Tolerations(pod.Spec) } };
    }

    /// <summary>The pod for one node. Required affinities of the template are replaced: the node has met them.</summary>
    public static Pod For(Pod pod, string node)
    {
        var term = new NodeSelectorTerm { MatchFields = [new NodeSelectorRequirement { Key = NodeField, Operator = "In", Values = [node] }] };
        var affinity = pod.Spec.Affinity ?? new Affinity();
        var nodes = affinity.NodeAffinity ?? new NodeAffinity();
        return pod with
        {
            Spec = pod.Spec with
            {
                Affinity = affinity with
                {
                    NodeAffinity = nodes with { RequiredDuringSchedulingIgnoredDuringExecution = new NodeSelector { NodeSelectorTerms = [term] } },
                },
            },
        };
    }

    /// <summary>The node a pod is on or meant for; null for a pod that no daemon set made.</summary>
    public static string? Node(Pod pod)
    {
        if (!string.IsNullOrEmpty(pod.Spec.NodeName))
        {
            return pod.Spec.NodeName;
        }

        var required = pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution;
        return required?.NodeSelectorTerms
            .SelectMany(term => term.MatchFields)
            .FirstOrDefault(field => field is { Key: NodeField, Operator: "In", Values.Count: 1 })?.Values[0];
    }

    /// <summary>Whether a pod is of the current template. Pods of upstream's older releases have a generation only.</summary>
    public static bool IsCurrent(DaemonSet set, Pod pod, string hash) =>
        pod.Metadata.Labels.GetValueOrDefault(HashLabel) == hash
        || (Generation(set) is { } generation && pod.Metadata.Labels.GetValueOrDefault(GenerationLabel) == generation);

    private static string? Generation(DaemonSet set) => set.Metadata.Annotations.GetValueOrDefault(DaemonSetResource.TemplateGeneration);

    private static List<Toleration> Tolerations(PodSpec spec)
    {
        var tolerations = new List<Toleration>(spec.Tolerations);
        foreach (var (key, effect) in spec.HostNetwork == true ? [.. Tolerated, ("node.kubernetes.io/network-unavailable", "NoSchedule")] : Tolerated)
        {
            // An own one with a time limit would have the daemon evicted: it is replaced.
            tolerations.RemoveAll(own => own.Key == key && own.Effect == effect && own.Operator == "Exists" && string.IsNullOrEmpty(own.Value));
            tolerations.Add(new Toleration { Key = key, Operator = "Exists", Effect = effect });
        }

        return tolerations;
    }
}
