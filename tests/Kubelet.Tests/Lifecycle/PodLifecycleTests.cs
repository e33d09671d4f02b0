using Dataplane.Api;
using Dataplane.Linux.Namespaces;
using Dataplane.TestKit;
using static Dataplane.Kubelet.Tests.Lifecycle.NodeFixture;

namespace Dataplane.Kubelet.Tests.Lifecycle;

public sealed class PodLifecycleTests(NodeFixture fixture) : IClassFixture<NodeFixture>
{
    [Fact]
    public async Task APodRunsIsReadyAndGoesWithoutATrace()
    {
        var created = await fixture.CreateAsync(Pod("runs", Shell("main", "trap 'exit 0' TERM; echo hello; sleep 1000 & wait")));
        var pod = await fixture.WaitAsync("runs", one => one.Status.Conditions.Exists(condition => condition is { Type: "Ready", Status: "True" }));
        Assert.Equal("Running", pod.Status.Phase);
        Assert.StartsWith("10.244.77.", pod.Status.PodIP);
        Assert.Equal("BestEffort", pod.Status.QOSClass);
        Assert.StartsWith("process://", pod.Status.ContainerStatuses.Single().ContainerID);
        Assert.NotEmpty(NetworkNamespace.Names("dp-pod-" + created.Metadata.UID[..8]));
        Assert.Equal("hello\n", await fixture.LogWithAsync("runs", "hello\n"));

        await fixture.Client.DeleteAsync<Pod>(NamespacedName.Of(created));
        await fixture.WaitGoneAsync("runs");
        Assert.Empty(NetworkNamespace.Names("dp-pod-" + created.Metadata.UID[..8]));
        // The kernel takes the device away with the namespace, many at a time and in the background.
        await Eventually.HoldsAsync(() => fixture.Host.Route.FindLink("dpv" + created.Metadata.UID[..8]) is null, "the node's end of the pair is gone");
        Assert.False(Directory.Exists(Path.Combine(fixture.Root, "pods", created.Metadata.UID)));
    }

    [Theory]
    [InlineData("Never", "exit 0", "Succeeded", 0, "Completed")]
    [InlineData("Never", "exit 3", "Failed", 3, "Error")]
    [InlineData("OnFailure", "exit 0", "Succeeded", 0, "Completed")]
    public async Task ThePhaseFollowsExitCodeAndPolicy(string policy, string script, string phase, int code, string reason)
    {
        var name = $"ends-{policy.ToLowerInvariant()}-{code}";
        var pod = Pod(name, Shell("main", script));
        await fixture.CreateAsync(pod with { Spec = pod.Spec with { RestartPolicy = policy } });
        var ended = await fixture.WaitAsync(name, one => one.Status.Phase == phase);
        var terminated = ended.Status.ContainerStatuses.Single().State.Terminated!;
        Assert.Equal((code, reason), (terminated.ExitCode, terminated.Reason));
        Assert.NotNull(ended.Status.PodIP);
    }

    [Fact]
    public async Task AContainerThatDiesIsRestartedAtOnceAndThenBacksOff()
    {
        await fixture.CreateAsync(Pod("crashes", Shell("main", "echo run; exit 1")));
        var pod = await fixture.WaitAsync("crashes", one => one.Status.ContainerStatuses is [{ State.Waiting.Reason: "CrashLoopBackOff" }]);
        var status = pod.Status.ContainerStatuses.Single();
        Assert.Equal(1, status.RestartCount);
        Assert.Equal(1, status.LastState.Terminated!.ExitCode);
        Assert.Equal("Running", pod.Status.Phase);
        Assert.Equal("run\n", await fixture.LogAsync("crashes", "?previous=true"));
    }

    [Theory]
    [InlineData("no-such-image", "sleep", "ErrImagePull")]
    [InlineData("busybox", "/no/such/program", "RunContainerError")]
    public async Task WhatCannotStartSaysWhy(string image, string program, string reason)
    {
        var name = "fails-" + reason.ToLowerInvariant();
        await fixture.CreateAsync(Pod(name, new Container { Name = "main", Image = image, Command = [program] }));
        await fixture.WaitAsync(name, one => one.Status.ContainerStatuses is [{ State.Waiting: { } waiting }] && waiting.Reason == reason);
        if (reason == "ErrImagePull")
        {
            Assert.Contains("is waiting to start: ", await fixture.LogAsync(name));
        }
    }

    [Fact]
    public async Task InitContainersRunFirstAndShareVolumesAndEnvironment()
    {
        var pod = Pod("init", Shell("main", "cat /work/file; echo $GREETING $(WHO); env | grep ^KUBERNETES_SERVICE_HOST; sleep 1000"));
        var main = pod.Spec.Containers[0];
        main.VolumeMounts.Add(new VolumeMount { Name = "work", MountPath = "/work" });
        main.Env.Add(new EnvVar { Name = "WHO", ValueFrom = new EnvVarSource { FieldRef = new ObjectFieldSelector { FieldPath = "metadata.name" } } });
        main.Env.Add(new EnvVar { Name = "GREETING", Value = "hello $(WHO)" });
        var init = Shell("prepare", "echo prepared > /work/file") with { VolumeMounts = [new VolumeMount { Name = "work", MountPath = "/work" }] };
        pod.Spec.InitContainers.Add(init);
        pod.Spec.Volumes.Add(new Volume { Name = "work", EmptyDir = new EmptyDirVolumeSource() });
        await fixture.CreateAsync(pod);
        await fixture.WaitAsync("init", one => one.Status.Phase == "Running");
        Assert.Equal(
            "prepared\nhello init init\nKUBERNETES_SERVICE_HOST=10.96.0.1\n", await fixture.LogWithAsync("init", "KUBERNETES_SERVICE_HOST=10.96.0.1\n", "?container=main"));
    }

    [Fact]
    public async Task SecretsLieInMemoryAndAreDecoded()
    {
        await fixture.Client.CreateAsync(new Secret
        {
            Metadata = new ObjectMeta { Name = "mysecret", Namespace = "default" },
            Data = { ["username"] = "admin"u8.ToArray() },
        });
        var pod = Pod("secret", Shell("main", "cat /etc/foo/username; echo; stat -f -c %T /etc/foo; touch /etc/foo/x 2>/dev/null || echo refused; sleep 1000"));
        pod.Spec.Containers[0].VolumeMounts.Add(new VolumeMount { Name = "foo", MountPath = "/etc/foo", ReadOnly = true });
        pod.Spec.Volumes.Add(new Volume { Name = "foo", Secret = new SecretVolumeSource { SecretName = "mysecret" } });
        await fixture.CreateAsync(pod);
        await fixture.WaitAsync("secret", one => one.Status.Phase == "Running");
        Assert.Equal("admin\ntmpfs\nrefused\n", await fixture.LogWithAsync("secret", "refused\n"));
    }

    [Fact]
    public async Task AReadinessProbeDecidesWhetherAPodIsReady()
    {
        var gate = Directory.CreateDirectory(Path.Combine(fixture.Root, "..", "gate")).FullName;
        var ready = new Probe { Exec = new ExecAction { Command = ["test", "-e", "/gate/open"] }, PeriodSeconds = 1 };
        var probed = Pod("probed", Shell("main", "exec sleep 1000") with { ReadinessProbe = ready, VolumeMounts = [new VolumeMount { Name = "gate", MountPath = "/gate" }] });
        probed.Spec.Volumes.Add(new Volume { Name = "gate", HostPath = new HostPathVolumeSource { Path = gate } });
        await fixture.CreateAsync(probed);
        var early = await fixture.WaitAsync("probed", one => one.Status.Phase == "Running");
        Assert.False(early.Status.ContainerStatuses.Single().Ready);
        await File.WriteAllTextAsync(Path.Combine(gate, "open"), "", TestContext.Current.CancellationToken);
        await fixture.WaitAsync("probed", one => one.Status.ContainerStatuses is [{ Ready: true }]);
    }

    [Fact]
    public async Task AFailedLivenessProbeRestartsTheContainer()
    {
        var live = new Probe { TCPSocket = new TCPSocketAction { Port = 81 }, PeriodSeconds = 1, FailureThreshold = 1 };
        await fixture.CreateAsync(Pod("dies", Shell("main", "trap 'exit 0' TERM; sleep 1000 & wait") with { LivenessProbe = live }));
        var pod = await fixture.WaitAsync("dies", one => one.Status.ContainerStatuses is [{ RestartCount: > 0 }]);
        Assert.NotNull(pod.Status.ContainerStatuses[0].LastState.Terminated);
    }

    [Fact]
    public async Task TheNodeIsReadyAndItsLeaseIsRenewed()
    {
        var node = await fixture.Client.GetAsync<Node>("", NodeName);
        Assert.Equal("True", node.Status.Conditions.Single(condition => condition.Type == "Ready").Status);
        Assert.Equal("linux", node.Metadata.Labels["kubernetes.io/os"]);
        Assert.Equal(KubernetesVersion.Git, node.Status.NodeInfo?.KubeletVersion);
        Assert.Equal("10.244.77.0/24", node.Spec.PodCIDR);
        var lease = await fixture.Client.GetAsync<Lease>("kube-node-lease", NodeName);
        Assert.Equal((NodeName, 40), (lease.Spec.HolderIdentity, lease.Spec.LeaseDurationSeconds));
    }
}
