using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;
using static Dataplane.Kubelet.Tests.Lifecycle.NodeFixture;

namespace Dataplane.Kubelet.Tests.Lifecycle;

/// <summary>Volumes of running pods: what changes in them, what they lack, and what they must not reach.</summary>
public sealed class PodVolumeTests(NodeFixture fixture) : IClassFixture<NodeFixture>
{
    [Fact]
    public async Task VolumesFollowWhatTheyShowAndPartsOfThemDoNot()
    {
        await fixture.Client.CreateAsync(new ConfigMap { Metadata = new ObjectMeta { Name = "live", Namespace = "default" }, Data = { ["key"] = "old" } });
        await fixture.Client.CreateAsync(new Secret { Metadata = new ObjectMeta { Name = "live", Namespace = "default" }, Data = { ["key"] = "old"u8.ToArray() } });
        const string changed = "test $(cat /map/key)$(cat /secret/key)$(cat /labels/labels) = 'newnewnote=\"new\"'";
        var main = Shell("main", $"until {changed}; do sleep 0.1; done; cat /part; ls /map; touch /map/x 2>/dev/null || echo refused; exec sleep 1000") with
        {
            VolumeMounts =
            [
                new VolumeMount { Name = "map", MountPath = "/map" }, new VolumeMount { Name = "secret", MountPath = "/secret" },
                new VolumeMount { Name = "labels", MountPath = "/labels" }, new VolumeMount { Name = "map", MountPath = "/part", SubPath = "key" },
            ],
        };
        var pod = Pod("live", main);
        pod.Metadata.Annotations["note"] = "old";
        pod.Spec.Volumes.Add(new Volume { Name = "map", ConfigMap = new ConfigMapVolumeSource { Name = "live" } });
        pod.Spec.Volumes.Add(new Volume { Name = "secret", Secret = new SecretVolumeSource { SecretName = "live" } });
        var annotations = new DownwardAPIVolumeFile { Path = "labels", FieldRef = new ObjectFieldSelector { FieldPath = "metadata.annotations" } };
        pod.Spec.Volumes.Add(new Volume { Name = "labels", DownwardAPI = new DownwardAPIVolumeSource { Items = [annotations] } });
        var created = await fixture.CreateAsync(pod);
        await fixture.WaitAsync("live", one => one.Status.Phase == "Running");

        await PatchAsync<ConfigMap>("live", """{"data":{"key":"new","more":"x"}}""");
        await PatchAsync<Secret>("live", """{"data":{"key":"bmV3"}}""");
        await PatchAsync<Pod>("live", """{"metadata":{"annotations":{"note":"new"}}}""");

        Assert.Equal("oldkey\nmore\nrefused\n", await LogAsync("live", "refused"));

        // Gone is not empty: the last that was known stays.
        await fixture.Client.DeleteAsync<ConfigMap>(new NamespacedName("default", "live"));
        await EventAsync("live", "FailedMount", "MountVolume.SetUp failed for volume \"map\" : configmap \"live\" not found");
        Assert.Equal("new", await File.ReadAllTextAsync(Path.Combine(fixture.Root, "pods", created.Metadata.UID, "volumes", "map", "key")));
    }

    public static TheoryData<string, Volume, string> Missing => new()
    {
        { "config-map", new Volume { ConfigMap = new ConfigMapVolumeSource { Name = "nowhere" } }, "configmap \"nowhere\" not found" },
        { "secret", new Volume { Secret = new SecretVolumeSource { SecretName = "nowhere" } }, "secret \"nowhere\" not found" },
        { "claim", new Volume { PersistentVolumeClaim = new PersistentVolumeClaimVolumeSource { ClaimName = "nowhere" } }, "error processing PVC default/nowhere" },
        { "path", new Volume { HostPath = new HostPathVolumeSource { Path = "/no/such", Type = "Directory" } }, "hostPath type check failed: /no/such is not a directory" },
        { "kind", new Volume { Others = new() { ["nfs"] = System.Text.Json.JsonSerializer.SerializeToElement(new { server = "s", path = "/p" }) } }, "no volume plugin matched" },
    };

    [Theory]
    [MemberData(nameof(Missing))]
    public async Task AVolumeWithoutASourceKeepsThePodWaitingAndSaysWhy(string kind, Volume volume, string why)
    {
        var name = "lacks-" + kind;
        var pod = Pod(name, Shell("main", "exec sleep 1000") with { VolumeMounts = [new VolumeMount { Name = "v", MountPath = "/v" }] });
        pod.Spec.Volumes.Add(volume with { Name = "v" });
        await fixture.CreateAsync(pod);

        await EventAsync(name, "FailedMount", $"MountVolume.SetUp failed for volume \"v\" : {why}");

        var waiting = await fixture.WaitAsync(name, one => one.Status.ContainerStatuses.Count == 1);
        Assert.Equal("ContainerCreating", waiting.Status.ContainerStatuses[0].State.Waiting?.Reason);
    }

    [Fact]
    public async Task WhatAPodWaitsForLetsItGoOnAtOnce()
    {
        var waitsForVolume = Pod("waits-volume", Shell("main", "cat /v/key; exec sleep 1000") with { VolumeMounts = [new VolumeMount { Name = "v", MountPath = "/v" }] });
        waitsForVolume.Spec.Volumes.Add(new Volume { Name = "v", ConfigMap = new ConfigMapVolumeSource { Name = "late" } });
        var key = new EnvVarSource { SecretKeyRef = new KeySelector { Name = "late", Key = "key" } };
        await fixture.CreateAsync(waitsForVolume);
        await fixture.CreateAsync(Pod("waits-env", Shell("main", "echo $KEY; exec sleep 1000") with { Env = [new EnvVar { Name = "KEY", ValueFrom = key }] }));
        await fixture.WaitAsync("waits-env", one => one.Status.ContainerStatuses is
            [{ State.Waiting: { Reason: "CreateContainerConfigError", Message: "secret \"late\" not found" } }]);
        await EventAsync("waits-env", "Failed", "Error: secret \"late\" not found");

        await fixture.Client.CreateAsync(new ConfigMap { Metadata = new ObjectMeta { Name = "late", Namespace = "default" }, Data = { ["key"] = "here\n" } });
        await fixture.Client.CreateAsync(new Secret { Metadata = new ObjectMeta { Name = "late", Namespace = "default" }, Data = { ["key"] = "here"u8.ToArray() } });

        Assert.Equal("here\n", await LogAsync("waits-volume", "here"));
        Assert.Equal("here\n", await LogAsync("waits-env", "here"));
    }

    [Fact]
    public async Task KeysThatMakeNoVariableAreSkippedAndTold()
    {
        await fixture.Client.CreateAsync(new ConfigMap
        {
            Metadata = new ObjectMeta { Name = "names", Namespace = "default" },
            Data = { ["1bad"] = "x", ["good"] = "g", ["2bad"] = "x" },
            BinaryData = { ["binary"] = [1] },
        });
        var main = Shell("main", "env | grep -E '^(P_)?(1bad|good|binary)=' | sort; exec sleep 1000") with
        {
            EnvFrom =
            [
                new EnvFromSource { ConfigMapRef = new EnvSource { Name = "names" } },
                new EnvFromSource { Prefix = "P_", ConfigMapRef = new EnvSource { Name = "names" } },
                new EnvFromSource { SecretRef = new EnvSource { Name = "nowhere", Optional = true } },
            ],
        };
        await fixture.CreateAsync(Pod("names", main));

        await EventAsync("names", "InvalidEnvironmentVariableNames",
            "Keys [1bad, 2bad] from the EnvFrom configMap default/names were skipped since they are considered invalid environment variable names.");
        Assert.Equal("P_1bad=x\nP_good=g\ngood=g\n", await LogAsync("names", "\ngood"));
    }

    [Fact]
    public async Task ALinkThatAContainerPutsIntoAVolumeLeadsNowhereElse()
    {
        var work = new VolumeMount { Name = "work", MountPath = "/work" };
        var pod = Pod("links", Shell("main", "ls /etc-of-node") with { VolumeMounts = [new VolumeMount { Name = "work", MountPath = "/etc-of-node", SubPath = "out" }] });
        pod.Spec.InitContainers.Add(Shell("trick", "ln -s /etc /work/out") with { VolumeMounts = [work] });
        pod.Spec.Volumes.Add(new Volume { Name = "work", EmptyDir = new EmptyDirVolumeSource() });
        await fixture.CreateAsync(pod);

        var refused = await fixture.WaitAsync("links", one => one.Status.ContainerStatuses is [{ State.Waiting.Reason: "CreateContainerConfigError" }]);

        Assert.StartsWith("failed to prepare subPath for volumeMount \"work\" of container \"main\"", refused.Status.ContainerStatuses[0].State.Waiting!.Message);
    }

    [Fact]
    public async Task AnEmptyDirThatOutgrowsItsLimitEvictsThePod()
    {
        var pod = Pod("greedy", Shell("main", "head -c 3000000 /dev/zero > /work/file; exec sleep 1000") with { VolumeMounts = [new VolumeMount { Name = "work", MountPath = "/work" }] });
        pod.Spec.Volumes.Add(new Volume { Name = "work", EmptyDir = new EmptyDirVolumeSource { SizeLimit = Quantity.Parse("1Mi") } });
        await fixture.CreateAsync(pod);

        var evicted = await fixture.WaitAsync("greedy", one => one.Status.Phase == "Failed");

        const string why = "Usage of EmptyDir volume \"work\" exceeds the limit \"1Mi\". ";
        Assert.Equal(("Evicted", why), (evicted.Status.Reason, evicted.Status.Message));
        var condition = evicted.Status.Conditions.Single(one => one.Type == "DisruptionTarget");
        Assert.Equal(("True", "TerminationByKubelet", why), (condition.Status, condition.Reason, condition.Message));
        await EventAsync("greedy", "Evicted", why);
    }

    [Fact]
    public async Task VolumesBelongToThePodsGroup()
    {
        var host = Directory.CreateDirectory(Path.Combine(fixture.Root, "..", "host")).FullName;
        await fixture.Client.CreateAsync(new ConfigMap { Metadata = new ObjectMeta { Name = "owned", Namespace = "default" }, Data = { ["key"] = "map" } });
        await fixture.Client.CreateAsync(new Secret { Metadata = new ObjectMeta { Name = "owned", Namespace = "default" }, Data = { ["key"] = "secret"u8.ToArray() } });
        const string script = """
            umask 022; echo $(id -G | tr ' ' '\n' | sort -n); touch /work/f; cat /map/key /secret/key; test -n "$(cat /token/token)" && echo
            stat -L -c '%n %a %u:%g' /work /work/f /memory /map/key /secret/key /token/token; stat -c '%n %u:%g' /host; echo end; exec sleep 1000
            """;
        var main = Shell("main", script) with
        {
            VolumeMounts = [.. new[] { "work", "memory", "map", "secret", "token", "host" }.Select(name => new VolumeMount { Name = name, MountPath = "/" + name })],
        };
        var pod = Pod("owned", main);
        pod.Spec.Volumes.AddRange(
        [
            new Volume { Name = "work", EmptyDir = new EmptyDirVolumeSource() },
            new Volume { Name = "memory", EmptyDir = new EmptyDirVolumeSource { Medium = "Memory" } },
            new Volume { Name = "map", ConfigMap = new ConfigMapVolumeSource { Name = "owned" } },
            new Volume { Name = "secret", Secret = new SecretVolumeSource { SecretName = "owned", DefaultMode = 0x100 } },
            new Volume
            {
                Name = "token",
                Projected = new ProjectedVolumeSource { Sources = [new VolumeProjection { ServiceAccountToken = new ServiceAccountTokenProjection { Path = "token" } }] },
            },
            new Volume { Name = "host", HostPath = new HostPathVolumeSource { Path = host } },
        ]);
        var security = new PodSecurityContext { RunAsUser = 1000, RunAsGroup = 3000, FSGroup = 2000, SupplementalGroups = [4000] };
        await fixture.CreateAsync(pod with { Spec = pod.Spec with { SecurityContext = security } });

        Assert.Equal(
            """
            2000 3000 4000
            mapsecret
            /work 2777 0:2000
            /work/f 644 1000:2000
            /memory 2777 0:2000
            /map/key 644 0:2000
            /secret/key 440 0:2000
            /token/token 640 1000:2000
            /host 0:0
            end

            """,
            await LogAsync("owned", "end\n"));
    }

    [Fact]
    public async Task LimitsThatAContainerDoesNotHaveAreTheNodes()
    {
        EnvVar Field(string name, string resource, string? divisor = null) => new()
        {
            Name = name,
            ValueFrom = new EnvVarSource { ResourceFieldRef = new ResourceFieldSelector { Resource = resource, Divisor = divisor is null ? null : Quantity.Parse(divisor) } },
        };
        var node = await fixture.Client.GetAsync<Node>("", NodeName);
        await fixture.CreateAsync(Pod("limits", Shell("main", "echo $CPU $MEMORY $REQUEST; exec sleep 1000") with
        {
            Env = [Field("CPU", "limits.cpu"), Field("MEMORY", "limits.memory", "1Mi"), Field("REQUEST", "requests.cpu", "1m")],
        }));
        var memory = decimal.Ceiling(node.Status.Allocatable["memory"].Value / (1024 * 1024));
        Assert.Equal($"{node.Status.Allocatable["cpu"]} {memory} 0\n", await LogAsync("limits", "\n"));
    }

    private Task<T> PatchAsync<T>(string name, string patch)
        where T : class, IResource<T> =>
        fixture.Client.PatchAsync<T>(new NamespacedName("default", name), PatchType.Merge, Encoding.UTF8.GetBytes(patch));

    private Task EventAsync(string pod, string reason, string message) => fixture.EventAsync(pod, one => one.Reason == reason && one.Message!.StartsWith(message, StringComparison.Ordinal));

    private Task<string> LogAsync(string pod, string wanted) => fixture.LogWithAsync(pod, wanted);
}
