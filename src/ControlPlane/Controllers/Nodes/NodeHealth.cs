using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.Nodes;

/// <summary>What a node's heartbeat makes of its conditions and taints. Pure.</summary>
internal static class NodeHealth
{
    public const string NotReadyTaint = "node.kubernetes.io/not-ready";
    public const string UnreachableTaint = "node.kubernetes.io/unreachable";
    public const string UnschedulableTaint = "node.kubernetes.io/unschedulable";

    private static readonly string[] KubeletConditions = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];
    private static readonly string[] OwnTaints = [NotReadyTaint, UnreachableTaint, UnschedulableTaint];

    public static NodeCondition? Ready(Node node) => node.Status.Conditions.Find(condition => condition.Type == "Ready");

    /// <summary>The conditions of a node whose kubelet has fallen silent; those of the node where nothing changes.</summary>
    public static List<NodeCondition> Silenced(Node node, DateTimeOffset now) =>
    [
        .. node.Status.Conditions.Where(condition => !KubeletConditions.Contains(condition.Type)),
        .. KubeletConditions.Select(type =>
        {
            var current = node.Status.Conditions.Find(condition => condition.Type == type);
            return current?.Status == "Unknown" ? current : new NodeCondition
            {
                Type = type,
                Status = "Unknown",
                Reason = current is null ? "NodeStatusNeverUpdated" : "NodeStatusUnknown",
                Message = current is null ? "Kubelet never posted node status." : "Kubelet stopped posting node status.",
                LastHeartbeatTime = current?.LastHeartbeatTime ?? node.Metadata.CreationTimestamp,
                LastTransitionTime = now,
            };
        }),
    ];

    /// <summary>A node's taints with those of its condition in place: the very list of the node when they are right already.</summary>
    public static List<Taint> Taints(Node node, DateTimeOffset now)
    {
        var wanted = new List<(string Key, string Effect)>();
        switch (Ready(node)?.Status)
        {
            case "True":
                break;
            case "Unknown":
                wanted.AddRange([(UnreachableTaint, "NoSchedule"), (UnreachableTaint, "NoExecute")]);
                break;
            default:
                wanted.AddRange([(NotReadyTaint, "NoSchedule"), (NotReadyTaint, "NoExecute")]);
                break;
        }

        if (node.Spec.Unschedulable == true)
        {
            wanted.Add((UnschedulableTaint, "NoSchedule"));
        }

        var taints = node.Spec.Taints;
        var own = taints.Where(taint => OwnTaints.Contains(taint.Key)).Select(taint => (taint.Key, taint.Effect));
        if (own.ToHashSet().SetEquals(wanted))
        {
            return taints;
        }

        return
        [
            .. taints.Where(taint => !OwnTaints.Contains(taint.Key)),
            .. wanted.Select(
                key => taints.Find(taint => (taint.Key, taint.Effect) == key) ?? new Taint { Key = key.Key, Effect = key.Effect, TimeAdded = now }),
        ];
    }
}
