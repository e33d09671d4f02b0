using Dataplane.Api;
using Dataplane.TestKit;
using static Dataplane.Kubelet.Tests.Lifecycle.NodeFixture;

namespace Dataplane.Kubelet.Tests.Lifecycle;

public sealed class PodFeatureTests(NodeFixture fixture) : IClassFixture<NodeFixture>
{
    private const string UntilTerm = "trap 'echo term; exit 0' TERM; echo up; while :; do sleep 0.1; done";

    public static TheoryData<string, string[], string> PreStopHooks => new()
    {
        { "hook-runs", ["/bin/sh", "-c", "echo hook > /proc/1/fd/1"], "up\nhook\nterm\n" },
        { "hook-fails", ["/bin/sh", "-c", "exit 7"], "up\nterm\n" },
        { "hook-absent", ["/no/such/program"], "up\nterm\n" },
    };

    [Theory]
    [MemberData(nameof(PreStopHooks))]
    public async Task AContainerIsAskedToEndAfterItsPreStopHookWhateverCameOfIt(string name, string[] command, string expected)
    {
        var hook = new Api.Lifecycle { PreStop = new LifecycleHandler { Exec = new ExecAction { Command = [.. command] } } };
        var pod = Pod(name, Shell("main", UntilTerm) with { Lifecycle = hook });
        pod = await fixture.CreateAsync(pod with { Spec = pod.Spec with { TerminationGracePeriodSeconds = 20, RestartPolicy = "Never" } });
        await fixture.LogWithAsync(name, "up\n");
        var kept = Keep(Path.Combine(fixture.Root, "pods", pod.Metadata.UID, "logs"));

        await fixture.Client.DeleteAsync<Pod>(NamespacedName.Of(pod));
        await fixture.WaitGoneAsync(name);

        Assert.Equal(expected, Lines(kept));
    }

    [Fact]
    public async Task ASidecarStartsBeforeTheOthersAndDoesNotKeepThePodFromEnding()
    {
        var sidecar = Shell("sidecar", "echo ready > /work/file; " + UntilTerm) with
        {
            RestartPolicy = "Always",
            VolumeMounts = [new VolumeMount { Name = "work", MountPath = "/work" }],
        };
        var main = Shell("main", "until test -e /work/file; do sleep 0.05; done; cat /work/file") with
        {
            VolumeMounts = [new VolumeMount { Name = "work", MountPath = "/work" }],
        };
        var pod = Pod("sidecar", main);
        pod.Spec.InitContainers.Add(sidecar);
        pod.Spec.Volumes.Add(new Volume { Name = "work", EmptyDir = new EmptyDirVolumeSource() });
        await fixture.CreateAsync(pod with { Spec = pod.Spec with { RestartPolicy = "Never" } });

        var ended = await fixture.WaitAsync("sidecar", one => one.Status.Phase == "Succeeded");

        Assert.Equal("ready\n", await fixture.LogAsync("sidecar", "?container=main"));
        Assert.NotNull(ended.Status.InitContainerStatuses.Single().State.Terminated);
    }

    [Fact]
    public async Task APodThatOutlivesItsActiveDeadlineFails()
    {
        var pod = Pod("deadline", Shell("main", "exec sleep 1000"));

        // Time enough to start in, on a busy machine too.
        await fixture.CreateAsync(pod with { Spec = pod.Spec with { ActiveDeadlineSeconds = 5 } });

        var failed = await fixture.WaitAsync("deadline", one => one.Status.Phase == "Failed");

        Assert.Equal("DeadlineExceeded", failed.Status.Reason);
        Assert.NotNull(failed.Status.ContainerStatuses.Single().State.Terminated);
    }

    [Fact]
    public async Task VolumesOfSeveralSourcesAndPartsOfVolumesAreMounted()
    {
        await fixture.Client.CreateAsync(new ConfigMap { Metadata = new ObjectMeta { Name = "parts", Namespace = "default" }, Data = { ["a"] = "A", ["b"] = "B" } });
        var pod = Pod("volumes", Shell("main", "cat /all/config/a /all/name /labels/labels; echo; cat /one; ls /part"));
        pod.Metadata.Labels["app"] = "web";
        pod.Spec.Containers[0].VolumeMounts.AddRange(
        [
            new VolumeMount { Name = "all", MountPath = "/all" },
            new VolumeMount { Name = "labels", MountPath = "/labels" },
            new VolumeMount { Name = "all", MountPath = "/one", SubPath = "config/b" },
            new VolumeMount { Name = "all", MountPath = "/part", SubPath = "config" },
        ]);
        pod.Spec.Volumes.Add(new Volume
        {
            Name = "all",
            Projected = new ProjectedVolumeSource
            {
                Sources =
                [
                    new VolumeProjection
                    {
                        ConfigMap = new ConfigMapProjection
                        {
                            Name = "parts",
                            Items = [new KeyToPath { Key = "a", Path = "config/a" }, new KeyToPath { Key = "b", Path = "config/b" }],
                        },
                    },
                    new VolumeProjection { DownwardAPI = new DownwardAPIProjection { Items = [FileOf("name", "metadata.name")] } },
                ],
            },
        });
        pod.Spec.Volumes.Add(new Volume { Name = "labels", DownwardAPI = new DownwardAPIVolumeSource { Items = [FileOf("labels", "metadata.labels")] } });
        await fixture.CreateAsync(pod with { Spec = pod.Spec with { RestartPolicy = "Never" } });

        await fixture.WaitAsync("volumes", one => one.Status.Phase is "Succeeded" or "Failed");

        Assert.Equal("Avolumesapp=\"web\"\nBa\nb\n", await fixture.LogAsync("volumes"));
    }

    [Fact]
    public async Task ASubPathThatLeavesItsVolumeIsRefused()
    {
        // The API server refuses such a path; one that a variable makes is seen only here.
        var main = Shell("main", "true") with
        {
            Env = [new EnvVar { Name = "UP", Value = "../../../.." }],
            VolumeMounts = [new VolumeMount { Name = "work", MountPath = "/work", SubPathExpr = "$(UP)" }],
        };
        var pod = Pod("escape", main);
        pod.Spec.Volumes.Add(new Volume { Name = "work", EmptyDir = new EmptyDirVolumeSource() });
        await fixture.CreateAsync(pod);

        await fixture.WaitAsync("escape", one => one.Status.ContainerStatuses is [{ State.Waiting.Message: "unable to provision SubPath `../../../..`: must not contain '..'" }]);
    }

    private static DownwardAPIVolumeFile FileOf(string path, string field) => new() { Path = path, FieldRef = new ObjectFieldSelector { FieldPath = field } };

    /// <summary>A log file that stays readable when the pod's directory is removed.</summary>
    private static StreamReader Keep(string directory) => new(new FileStream(
        Directory.EnumerateFiles(directory, "*.log", SearchOption.AllDirectories).Single(), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));

    private static string Lines(StreamReader log)
    {
        using (log)
        {
            return string.Concat(log.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', 4)[3] + "\n"));
        }
    }
}
