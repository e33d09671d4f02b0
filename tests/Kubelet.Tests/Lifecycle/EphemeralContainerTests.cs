using Dataplane.Api;
using Dataplane.Kubelet.Tests.Streaming;
using Dataplane.TestKit;
using static Dataplane.Kubelet.Tests.Lifecycle.NodeFixture;

namespace Dataplane.Kubelet.Tests.Lifecycle;

/// <summary>kubectl debug, against an API server and an agent in this process.</summary>
public sealed class EphemeralContainerTests(NodeFixture fixture) : IClassFixture<NodeFixture>
{
    // The brackets keep who looks from finding itself.
    private const string SeesMain = "grep -qs 47[1]1 /proc/*/cmdline";

    private readonly Kubectl _kubectl = new(fixture);

    [Fact]
    public async Task KubectlDebugAttachesToAContainerThatSeesTheTargetsProcesses()
    {
        await StartAsync("debugged", Shell("main", "exec sleep 4711"));

        // Again and again: who attaches is not told what was written before.
        const string script = "until " + SeesMain + "; do sleep 0.1; done; (while :; do echo here; sleep 0.2; done) & read line; kill $!; echo got $line; exit 5";
        var (_, output) = await _kubectl.TypeAsync(
            "here\r\n", "typed\n", "debug", "-it", "debugged", "--image=busybox", "--target=main", "-c", "debugger", "--", "sh", "-c", script);

        Assert.Contains("got typed\r\n", output);
        var pod = await fixture.WaitAsync("debugged", one => one.Status.EphemeralContainerStatuses is [{ State.Terminated: not null }]);
        var status = pod.Status.EphemeralContainerStatuses[0];
        Assert.Equal(("debugger", 5, "Error", 0, false), (status.Name, status.State.Terminated!.ExitCode, status.State.Terminated.Reason, status.RestartCount, status.Ready));
        Assert.StartsWith("process://", status.ContainerID);
        await fixture.EventAsync("debugged", one => one is { Reason: "Started", InvolvedObject.FieldPath: "spec.ephemeralContainers{debugger}" });
        Assert.Equal("Running", pod.Status.Phase);
        Assert.Contains(pod.Status.Conditions, condition => condition is { Type: "Ready", Status: "True" });
        Assert.Contains("got typed", (await _kubectl.RunAsync("", "logs", "debugged", "-c", "debugger")).Output);
    }

    [Fact]
    public async Task WithoutATargetItIsByItselfAndNothingIsStartedTwice()
    {
        await StartAsync("looked-at", Shell("main", "exec sleep 4711"));
        const string script = SeesMain + " && echo together || echo alone; uname -n; exit 3";

        var added = await _kubectl.RunAsync("", "debug", "looked-at", "--image=busybox", "-c", "first", "--", "sh", "-c", script);
        Assert.True(added.Code == 0, added.Error);
        Assert.Equal("alone\nlooked-at\n", await fixture.LogWithAsync("looked-at", "looked-at\n", "?container=first"));
        await fixture.WaitAsync("looked-at", one => one.Status.EphemeralContainerStatuses is [{ State.Terminated.ExitCode: 3 }]);

        // The second one's start is a pass in which the first could be started again.
        await _kubectl.RunAsync("", "debug", "looked-at", "--image=busybox", "-c", "second", "--", "sleep", "1000");
        var pod = await fixture.WaitAsync("looked-at", one => one.Status.EphemeralContainerStatuses is [{ State.Terminated: not null }, { State.Running: not null }]);
        Assert.Equal([0, 0], pod.Status.EphemeralContainerStatuses.Select(one => one.RestartCount));
        var exec = await _kubectl.RunAsync("", "exec", "looked-at", "-c", "second", "--", "sh", "-c", "echo in");
        Assert.Equal((0, "in\n"), (exec.Code, exec.Output));

        // It ends with the pod, whatever it would have done.
        await fixture.Client.DeleteAsync<Pod>(new NamespacedName("default", "looked-at"));
        await fixture.WaitGoneAsync("looked-at");
    }

    [Fact]
    public async Task APodThatIsOverDoesNotWaitForItAndOneThatDoesNotBeginIsLookedInto()
    {
        var gate = Directory.CreateDirectory(Path.Combine(fixture.Root, "..", "gate")).FullName;
        var pod = Pod("stuck", Shell("main", "exit 0"));
        pod.Spec.InitContainers.Add(Shell("init", "until [ -e /gate/open ]; do sleep 0.1; done") with { VolumeMounts = [new VolumeMount { Name = "gate", MountPath = "/gate" }] });
        pod.Spec.Volumes.Add(new Volume { Name = "gate", HostPath = new HostPathVolumeSource { Path = gate } });
        await fixture.CreateAsync(pod with { Spec = pod.Spec with { RestartPolicy = "Never" } });
        await fixture.WaitAsync("stuck", one => one.Status.InitContainerStatuses is [{ State.Running: not null }]);

        await _kubectl.RunAsync("", "debug", "stuck", "--image=busybox", "-c", "debugger", "--", "sleep", "1000");
        var pending = await fixture.WaitAsync("stuck", one => one.Status.EphemeralContainerStatuses is [{ State.Running: not null }]);
        Assert.Equal("Pending", pending.Status.Phase);

        await File.WriteAllTextAsync(Path.Combine(gate, "open"), "", TestContext.Current.CancellationToken);
        var ended = await fixture.WaitAsync("stuck", one => one.Status.Phase == "Succeeded");
        Assert.NotNull(ended.Status.EphemeralContainerStatuses.Single().State.Terminated);
    }

    [Fact]
    public async Task AnImageThatIsNotThereIsSaidAndTheTargetMustRun()
    {
        await StartAsync("refused", Shell("main", "exec sleep 1000"));
        await _kubectl.RunAsync("", "debug", "refused", "--image=no-such-image", "-c", "debugger", "--", "true");
        var pod = await fixture.WaitAsync("refused", one => one.Status.EphemeralContainerStatuses is [{ State.Waiting.Reason: "ImagePullBackOff" or "ErrImagePull" }]);
        Assert.Contains(pod.Status.Conditions, condition => condition is { Type: "Ready", Status: "True" });

        var late = Pod("late", Shell("main", "exec sleep 1000"));
        late.Spec.Containers.Add(new Container { Name = "absent", Image = "no-such-image" });
        await fixture.CreateAsync(late);
        await fixture.WaitAsync("late", one => one.Status.ContainerStatuses.Exists(status => status.State.Running is not null));
        await _kubectl.RunAsync("", "debug", "late", "--image=busybox", "--target=absent", "-c", "debugger", "--", "true");
        await fixture.WaitAsync("late", one => one.Status.EphemeralContainerStatuses is
            [{ State.Waiting: { Reason: "CreateContainerConfigError", Message: "unable to find target container absent" } }]);
    }

    [Fact]
    public async Task ANodeIsLookedIntoFromAPodWithItsNamespacesAndFiles()
    {
        var script = $"[ -e /host/proc/self ] && [ -d /proc/{Environment.ProcessId} ] && stat -L -c 'in %i' /proc/self/ns/net; exec sleep 1000";
        var made = await _kubectl.RunAsync("", "debug", $"node/{NodeName}", "--image=busybox", "--", "sh", "-c", script);
        Assert.True(made.Code == 0, made.Error);
        var pods = await fixture.Client.ListAsync<Pod>(new Api.Client.ListOptions { Namespace = "default" });
        var pod = pods.Items.Single(one => one.Metadata.Name.StartsWith("node-debugger-", StringComparison.Ordinal));
        var node = (await Tools.RunAsync(fixture.Host.Namespace, "stat", ["-L", "-c", "in %i", "/proc/self/ns/net"])).OutputOrThrow();
        Assert.Equal(node, await fixture.LogWithAsync(pod.Metadata.Name, node));
    }

    private async Task StartAsync(string name, params Container[] containers)
    {
        await fixture.CreateAsync(Pod(name, containers));
        await fixture.WaitAsync(name, one => one.Status.Conditions.Exists(condition => condition is { Type: "Ready", Status: "True" }));
    }
}
