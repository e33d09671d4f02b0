using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.Nodes;

namespace Dataplane.ControlPlane.Tests.Controllers;

public sealed class NodeHealthTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("True", false, "")]
    [InlineData("True", true, "node.kubernetes.io/unschedulable:NoSchedule")]
    [InlineData("False", false, "node.kubernetes.io/not-ready:NoSchedule node.kubernetes.io/not-ready:NoExecute")]
    [InlineData(null, false, "node.kubernetes.io/not-ready:NoSchedule node.kubernetes.io/not-ready:NoExecute")]
    [InlineData("Unknown", false, "node.kubernetes.io/unreachable:NoSchedule node.kubernetes.io/unreachable:NoExecute")]
    public void Conditions_become_taints(string? ready, bool unschedulable, string expected)
    {
        var node = new Node
        {
            Spec = new NodeSpec { Unschedulable = unschedulable, Taints = [new Taint { Key = "own", Effect = "NoSchedule" }, new Taint { Key = "node.kubernetes.io/not-ready", Effect = "NoSchedule" }] },
            Status = new NodeStatus { Conditions = ready is null ? [] : [new NodeCondition { Type = "Ready", Status = ready }] },
        };

        var taints = NodeHealth.Taints(node, Now);

        Assert.Equal($"own:NoSchedule {expected}".TrimEnd(), string.Join(' ', taints.Select(taint => $"{taint.Key}:{taint.Effect}")));
        var settled = node with { Spec = node.Spec with { Taints = taints } };
        Assert.Same(taints, NodeHealth.Taints(settled, Now));
    }

    [Fact]
    public void Silence_makes_what_the_kubelet_says_unknown()
    {
        var node = new Node
        {
            Status = new NodeStatus
            {
                Conditions =
                [
                    new NodeCondition { Type = "Ready", Status = "True", LastHeartbeatTime = Now },
                    new NodeCondition { Type = "DiskPressure", Status = "Unknown", Reason = "Earlier" },
                    new NodeCondition { Type = "Custom", Status = "True" },
                ],
            },
        };

        var conditions = NodeHealth.Silenced(node, Now).ToDictionary(condition => condition.Type);

        Assert.Equal(("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."), (conditions["Ready"].Status, conditions["Ready"].Reason, conditions["Ready"].Message));
        Assert.Equal("Earlier", conditions["DiskPressure"].Reason);
        Assert.Equal("NodeStatusNeverUpdated", conditions["MemoryPressure"].Reason);
        Assert.Equal("True", conditions["Custom"].Status);
    }
}
