using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.Replicas;
using Dataplane.ControlPlane.Scheduling;

namespace Dataplane.ControlPlane.Controllers.DaemonSets;

/// <summary>A daemon set, the nodes and its pods on them, as seen in one pass.</summary>
internal sealed class DaemonView
{
    private readonly Pod _prototype;
    private readonly DateTimeOffset _now;

    /// <param name="set">The daemon set.</param>
    /// <param name="hash">The hash of its template's revision.</param>
    /// <param name="nodes">All nodes.</param>
    /// <param name="pods">Its pods, those that are ending included.</param>
    /// <param name="now">The time.</param>
    public DaemonView(DaemonSet set, string hash, IEnumerable<Node> nodes, IEnumerable<Pod> pods, DateTimeOffset now)
    {
        Set = set;
        Hash = hash;
        _now = now;
        _prototype = DaemonPod.Of(set, hash);
        Nodes = [.. nodes.OrderBy(node => node.Metadata.Name, StringComparer.Ordinal)];
        Pods = pods
            .GroupBy(pod => DaemonPod.Node(pod) ?? "")
            .Where(group => group.Key.Length > 0)
            .ToDictionary(group => group.Key, group => group.OrderBy(Order).ToList());
    }

    public DaemonSet Set { get; }

    public string Hash { get; }

    public IReadOnlyList<Node> Nodes { get; }

    /// <summary>By node; scheduled ones first, then the oldest.</summary>
    public IReadOnlyDictionary<string, List<Pod>> Pods { get; }

    public TimeSpan MinReady => TimeSpan.FromSeconds(Set.Spec.MinReadySeconds ?? 0);

    public List<Pod> On(Node node) => Pods.GetValueOrDefault(node.Metadata.Name, []);

    public Pod For(string node) => DaemonPod.For(_prototype, node);

    public bool IsCurrent(Pod pod) => DaemonPod.IsCurrent(Set, pod, Hash);

    public bool IsAvailable(Pod pod) => PodReadiness.AvailableAt(pod, MinReady) <= _now;

    /// <summary>Whether a node should get a pod, and whether one that is there may stay.</summary>
    public (bool Run, bool Stay) Placement(Node node)
    {
        var wanted = _prototype.Spec.NodeName;
        if ((!string.IsNullOrEmpty(wanted) && wanted != node.Metadata.Name) || !NodeSelection.Matches(_prototype, node))
        {
            return (false, false);
        }

        var taints = node.Spec.Taints.FindAll(taint => taint.Effect is "NoSchedule" or "NoExecute" && !Taints.Tolerates(_prototype, taint));
        return (taints.Count == 0, taints.TrueForAll(taint => taint.Effect != "NoExecute"));
    }

    private static (int, DateTimeOffset, string) Order(Pod pod) =>
        (string.IsNullOrEmpty(pod.Spec.NodeName) ? 1 : 0, pod.Metadata.CreationTimestamp ?? DateTimeOffset.MaxValue, pod.Metadata.Name);
}
