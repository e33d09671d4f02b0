using Dataplane.Api;
using Dataplane.ControlPlane.Scheduling;

namespace Dataplane.ControlPlane.Tests.Scheduling;

public sealed class NodeFilterTests
{
    public static TheoryData<string, Action<Pod>, Action<Node>, string> Cases => new()
    {
        { "plain", _ => { }, _ => { }, "" },
        { "cordoned", _ => { }, node => node.Spec.Unschedulable = true, "node(s) were unschedulable" },
        {
            "cordoned and tolerated", pod => pod.Spec.Tolerations.Add(new Toleration { Key = "node.kubernetes.io/unschedulable", Operator = "Exists" }),
            node => node.Spec.Unschedulable = true, ""
        },
        { "tainted", _ => { }, Tainted, "node(s) had untolerated taint {dedicated: db}" },
        { "discouraged", _ => { }, node => node.Spec.Taints.Add(new Taint { Key = "a", Effect = "PreferNoSchedule" }), "" },
        { "tolerated by value", pod => pod.Spec.Tolerations.Add(new Toleration { Key = "dedicated", Value = "db" }), Tainted, "" },
        { "tolerated by key", pod => pod.Spec.Tolerations.Add(new Toleration { Key = "dedicated", Operator = "Exists", Effect = "NoSchedule" }), Tainted, "" },
        { "tolerated by all", pod => pod.Spec.Tolerations.Add(new Toleration { Operator = "Exists" }), Tainted, "" },
        { "other value", pod => pod.Spec.Tolerations.Add(new Toleration { Key = "dedicated", Value = "web" }), Tainted, "node(s) had untolerated taint {dedicated: db}" },
        { "other effect", pod => pod.Spec.Tolerations.Add(new Toleration { Operator = "Exists", Effect = "NoExecute" }), Tainted, "node(s) had untolerated taint {dedicated: db}" },
        { "selector", pod => pod.Spec.NodeSelector["disk"] = "ssd", node => node.Metadata.Labels["disk"] = "ssd", "" },
        { "selector misses", pod => pod.Spec.NodeSelector["disk"] = "ssd", _ => { }, "node(s) didn't match Pod's node affinity/selector" },
        { "affinity", Affine("In", "a", "b"), node => node.Metadata.Labels["zone"] = "b", "" },
        { "affinity misses", Affine("NotIn", "a", "b"), node => node.Metadata.Labels["zone"] = "b", "node(s) didn't match Pod's node affinity/selector" },
        { "affinity compares", Affine("Gt", "5"), node => node.Metadata.Labels["zone"] = "6", "" },
        { "affinity compares in vain", Affine("Lt", "5"), node => node.Metadata.Labels["zone"] = "6", "node(s) didn't match Pod's node affinity/selector" },
        { "fits exactly", Asking("cpu", "2"), node => node.Status.Allocatable["cpu"] = Quantity.Parse("3"), "" },
        { "too much cpu", Asking("cpu", "2001m"), node => node.Status.Allocatable["cpu"] = Quantity.Parse("3"), "Insufficient cpu" },
        { "too much memory", Asking("memory", "2Gi"), node => node.Status.Allocatable["memory"] = Quantity.Parse("1Gi"), "Insufficient memory" },
        { "too many", _ => { }, node => node.Status.Allocatable["pods"] = Quantity.Parse("1"), "Too many pods" },
        { "port taken", pod => pod.Spec.Containers[0].Ports.Add(new ContainerPort { Port = 80, HostPort = 8080 }), _ => { }, "node(s) didn't have free ports for the requested pod ports" },
        { "port free", pod => pod.Spec.Containers[0].Ports.Add(new ContainerPort { Port = 80, HostPort = 8080, Protocol = "UDP" }), _ => { }, "" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Reasons(string name, Action<Pod> pod, Action<Node> node, string expected)
    {
        var state = new NodeState("node-1") { Node = new Node { Metadata = new ObjectMeta { Name = "node-1" } } };
        node(state.Node);
        // One pod is there already: one core, port 8080.
        var neighbour = NewPod("neighbour");
        Asking("cpu", "1")(neighbour);
        neighbour.Spec.Containers[0].Ports.Add(new ContainerPort { Port = 1, HostPort = 8080 });
        state.Add(neighbour);
        var candidate = NewPod("candidate");
        pod(candidate);

        Assert.True(expected == string.Join("; ", NodeFilter.Reasons(candidate, state)), $"{name}: {string.Join("; ", NodeFilter.Reasons(candidate, state))}");
    }

    [Fact]
    public void Messages_count_reasons()
    {
        Assert.Equal("no nodes available to schedule pods", SchedulingFailure.Message([]));
        Assert.Equal(
            "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu, 2 Insufficient memory.",
            SchedulingFailure.Message([["Insufficient cpu", "Insufficient memory"], ["node(s) were unschedulable"], ["Insufficient cpu", "Insufficient memory"]]));
    }

    [Fact]
    public void Requests_add_up_as_containers_run()
    {
        var pod = NewPod("a");
        Asking("cpu", "100m")(pod);
        pod.Spec.InitContainers.Add(Container("500m"));
        pod.Spec.InitContainers.Add(Container("50m") with { RestartPolicy = "Always" });
        pod.Spec.InitContainers.Add(Container("600m"));

        Assert.Equal(650, PodRequest.Of(pod).MilliCpu);
    }

    private static void Tainted(Node node) => node.Spec.Taints.Add(new Taint { Key = "dedicated", Value = "db", Effect = "NoSchedule" });

    private static Container Container(string cpu) => new() { Resources = new ResourceRequirements { Requests = { ["cpu"] = Quantity.Parse(cpu) } } };

    private static Action<Pod> Asking(string resource, string amount) => pod => pod.Spec.Containers[0].Resources.Requests[resource] = Quantity.Parse(amount);

    private static Action<Pod> Affine(string op, params string[] values) => pod => pod.Spec.Affinity = new Affinity
    {
        NodeAffinity = new NodeAffinity
        {
            RequiredDuringSchedulingIgnoredDuringExecution = new NodeSelector
            {
                NodeSelectorTerms = [new NodeSelectorTerm { MatchExpressions = [new NodeSelectorRequirement { Key = "zone", Operator = op, Values = [.. values] }] }],
            },
        },
    };

    private static Pod NewPod(string name) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default", UID = name },
        Spec = new PodSpec { Containers = [new Container { Name = "main" }] },
    };
}
