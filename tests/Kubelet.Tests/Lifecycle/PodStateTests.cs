using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;
using static Dataplane.Kubelet.Tests.Lifecycle.NodeFixture;

namespace Dataplane.Kubelet.Tests.Lifecycle;

/// <summary>What states, conditions and events a pod goes through.</summary>
public sealed class PodStateTests(NodeFixture fixture) : IClassFixture<NodeFixture>
{
    private const string Gate = "example.com/gate";

    [Fact]
    public async Task SidecarsEndAfterTheOthersTheLastOneFirst()
    {
        var order = Directory.CreateDirectory(Path.Combine(fixture.Root, "..", "order")).FullName;
        Container Traced(string name) => Shell(name, $"trap 'echo {name} >> /order/ends; exit 0' TERM; echo {name} >> /order/starts; while :; do sleep 0.1; done") with
        {
            VolumeMounts = [new VolumeMount { Name = "order", MountPath = "/order" }],
        };
        var started = new Probe { Exec = new ExecAction { Command = ["grep", "-q", "first", "/order/starts"] }, PeriodSeconds = 1, TimeoutSeconds = 30, FailureThreshold = 30 };
        var pod = Pod("sidecars", Traced("main"));
        pod.Spec.InitContainers.Add(Traced("first") with { RestartPolicy = "Always", StartupProbe = started });
        pod.Spec.InitContainers.Add(Traced("second") with { RestartPolicy = "Always" });
        pod.Spec.Volumes.Add(new Volume { Name = "order", HostPath = new HostPathVolumeSource { Path = order } });
        await fixture.CreateAsync(pod with { Spec = pod.Spec with { TerminationGracePeriodSeconds = 30 } });
        await fixture.WaitAsync("sidecars", IsReady);
        await UntilAsync(() => File.ReadAllText(Path.Combine(order, "starts")) == "first\nsecond\nmain\n");

        await fixture.Client.DeleteAsync<Pod>(new NamespacedName("default", "sidecars"));
        await fixture.WaitGoneAsync("sidecars");

        Assert.Equal("main\nsecond\nfirst\n", await File.ReadAllTextAsync(Path.Combine(order, "ends")));
    }

    [Fact]
    public async Task AReadinessGateHoldsThePodBackAndOthersConditionsAreLeftAlone()
    {
        var pod = Pod("gated", Shell("main", "exec sleep 1000"));
        await fixture.CreateAsync(pod with { Spec = pod.Spec with { ReadinessGates = [new PodReadinessGate { ConditionType = Gate }] } });
        await fixture.WaitAsync("gated", one => one.Status.Conditions.Exists(condition => condition is { Type: "Ready", Status: "False", Reason: "ReadinessGatesNotReady" }));
        await fixture.WaitAsync("gated", one => one.Status.Conditions.Exists(condition => condition is { Type: "ContainersReady", Status: "True" }));

        await StatusAsync("gated", """{"status":{"conditions":[{"type":"example.com/gate","status":"True"}]}}""");

        var ready = await fixture.WaitAsync("gated", IsReady);
        Assert.Contains(ready.Status.Conditions, condition => condition is { Type: Gate, Status: "True" });

        // As the node's controller does when it has not heard of the node for long.
        await StatusAsync("gated", """{"status":{"conditions":[{"type":"Ready","status":"False","reason":"NodeNotReady"}]}}""");
        var again = await fixture.WaitAsync("gated", one => IsReady(one) && one.Metadata.ResourceVersion != ready.Metadata.ResourceVersion);
        Assert.Null(again.Status.Conditions.Single(condition => condition.Type == "Ready").Reason);
        Assert.Contains(again.Status.Conditions, condition => condition is { Type: Gate, Status: "True" });
    }

    [Fact]
    public async Task AnotherImageIsTriedAtOnceAndReplacesARunningOne()
    {
        await fixture.CreateAsync(Pod("imaged", new Container { Name = "main", Image = "no-such-image", Command = ["sleep", "1000"] }));
        await fixture.WaitAsync("imaged", one => one.Status.ContainerStatuses is [{ State.Waiting.Reason: "ImagePullBackOff" }]);

        await ImageAsync("busybox");
        await fixture.WaitAsync("imaged", one => one.Status.ContainerStatuses is [{ State.Running: not null, RestartCount: 0 }]);

        await ImageAsync("alpine");
        await fixture.WaitAsync("imaged", one => one.Status.ContainerStatuses is [{ State.Running: not null, RestartCount: 1, Image: "alpine" }]);
        await fixture.EventAsync("imaged", one => one is { Reason: "Killing", Message: "Container main definition changed, will be restarted" });

        Task ImageAsync(string image) => fixture.Client.PatchAsync<Pod>(
            new NamespacedName("default", "imaged"), PatchType.StrategicMerge, Encoding.UTF8.GetBytes($$$"""{"spec":{"containers":[{"name":"main","image":"{{{image}}}"}]}}"""));
    }

    [Theory]
    [InlineData("exit 0", "Succeeded", "PodCompleted")]
    [InlineData("exit 3", "Failed", "PodFailed")]
    public async Task APodThatIsDeletedShowsHowItEnded(string onTerm, string phase, string reason)
    {
        var name = "kept-" + phase.ToLowerInvariant();
        var pod = Pod(name, Shell("main", $"trap '{onTerm}' TERM; echo up; while :; do sleep 0.1; done"));
        pod.Metadata.Finalizers.Add("example.com/keep");

        // Time to end by itself, on a busy machine too.
        await fixture.CreateAsync(pod with { Spec = pod.Spec with { TerminationGracePeriodSeconds = 60 } });
        await fixture.LogWithAsync(name, "up\n");

        await fixture.Client.DeleteAsync<Pod>(new NamespacedName("default", name));

        var ended = await fixture.WaitAsync(name, one => one.Status.Phase == phase);
        Assert.Equal(("False", reason), ended.Status.Conditions.Where(one => one.Type == "Ready").Select(one => (one.Status, one.Reason)).Single());
        Assert.NotNull(ended.Status.ContainerStatuses.Single().State.Terminated);
        await fixture.Client.PatchAsync<Pod>(new NamespacedName("default", name), PatchType.Merge, """{"metadata":{"finalizers":null}}"""u8.ToArray());
        await fixture.WaitGoneAsync(name);
    }

    [Fact]
    public async Task WhatCannotBeStartedIsTriedAgainLater()
    {
        await fixture.CreateAsync(Pod("unstartable", new Container { Name = "main", Image = "busybox", Command = ["/no/such/program"] }));

        var waiting = await fixture.WaitAsync("unstartable", one => one.Status.ContainerStatuses is [{ State.Waiting.Reason: "CrashLoopBackOff" }]);

        var status = waiting.Status.ContainerStatuses[0];
        Assert.Equal((128, "StartError"), (status.LastState.Terminated!.ExitCode, status.LastState.Terminated.Reason));
        Assert.Equal($"back-off 10s restarting failed container=main pod=unstartable_default({waiting.Metadata.UID})", status.State.Waiting!.Message);
        await fixture.EventAsync("unstartable", one => one is { Type: "Normal", Reason: "Created", Message: "Created container: main" });
        await fixture.EventAsync("unstartable", one => one is { Type: "Warning", Reason: "Failed" } && one.Message!.StartsWith("Error: ", StringComparison.Ordinal));
        await fixture.EventAsync("unstartable", one => one is { Type: "Warning", Reason: "BackOff" } && one.Message!.StartsWith("Back-off restarting failed container main in pod unstartable_default(", StringComparison.Ordinal));
    }

    public static TheoryData<string, Probe, string, string> Failing => new()
    {
        { "hangs", new Probe { Exec = new ExecAction { Command = ["sleep", "1000"] }, PeriodSeconds = 1, FailureThreshold = 1 }, "Always", "command timed out: \"sleep 1000\" timed out after 1s" },
        { "never", new Probe { TCPSocket = new TCPSocketAction { Port = 81 }, PeriodSeconds = 1, FailureThreshold = 1 }, "Never", "dial tcp " },
    };

    [Theory]
    [MemberData(nameof(Failing))]
    public async Task AContainerThatFailsItsStartupProbeIsEndedWhateverThePolicy(string name, Probe probe, string policy, string problem)
    {
        name = "startup-" + name;
        var alive = new Probe { Exec = new ExecAction { Command = ["false"] }, PeriodSeconds = 1, FailureThreshold = 1 };
        var pod = Pod(name, Shell("main", "trap 'exit 0' TERM; while :; do sleep 0.1; done") with { StartupProbe = probe, LivenessProbe = alive });
        await fixture.CreateAsync(pod with { Spec = pod.Spec with { RestartPolicy = policy, TerminationGracePeriodSeconds = 60 } });

        await fixture.EventAsync(name, one => one is { Type: "Warning", Reason: "Unhealthy" } && one.Message!.StartsWith("Startup probe failed: " + problem, StringComparison.Ordinal));
        var killing = await fixture.EventAsync(name, one => one.Reason == "Killing");

        Assert.Equal("Container main failed startup probe" + (policy == "Never" ? "" : ", will be restarted"), killing.Message);
        await fixture.WaitAsync(name, one => policy == "Never" ? one.Status.Phase == "Succeeded" : one.Status.ContainerStatuses is [{ RestartCount: > 0 }]);

        // Liveness waits for the start that never was.
        var events = await fixture.Client.ListAsync<Event>(new ListOptions { Namespace = "default", FieldSelector = $"involvedObject.name={name}" });
        Assert.DoesNotContain(events.Items, one => one.Message!.StartsWith("Liveness", StringComparison.Ordinal));
    }

    private static bool IsReady(Pod pod) => pod.Status.Conditions.Exists(condition => condition is { Type: "Ready", Status: "True" });

    private Task StatusAsync(string pod, string patch) =>
        fixture.Client.PatchAsync<Pod>(new NamespacedName("default", pod), PatchType.StrategicMerge, Encoding.UTF8.GetBytes(patch), "status");

    private static async Task UntilAsync(Func<bool> wanted)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!wanted())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
