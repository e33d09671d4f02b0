using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Tests.Http;

namespace Dataplane.ControlPlane.Tests.Volumes;

public sealed class BindingTests
{
    private const string Volumes = "/api/v1/persistentvolumes";
    private const string Claims = "/api/v1/namespaces/default/persistentvolumeclaims";
    private const string Classes = "/apis/storage.k8s.io/v1/storageclasses";
    private const string Events = "/api/v1/namespaces/default/events";

    /// <summary>Volumes (name and spec), a claim's spec, and the volume it gets; empty when none fits.</summary>
    public static TheoryData<string, string[], string, string> Cases => new()
    {
        { "the smallest that is large enough", ["a: 10Gi", "b: 2Gi", "c: 1Gi"], "1500Mi", "b" },
        { "none is large enough", ["a: 1Gi"], "2Gi", "" },
        { "the class decides", ["a: 1Gi class=fast", "b: 5Gi class=slow"], "1Gi class=slow", "b" },
        { "no class means no class", ["a: 1Gi class=fast"], "1Gi", "" },
        { "all modes must be there", ["a: 1Gi", "b: 2Gi modes=ReadWriteMany,ReadWriteOnce"], "1Gi modes=ReadWriteMany", "b" },
        { "labels select", ["a: 1Gi", "b: 5Gi label=gold"], "1Gi selector=gold", "b" },
        { "a name is asked for", ["a: 1Gi", "b: 5Gi"], "1Gi volume=b", "b" },
        { "a volume waits for its claim", ["a: 1Gi", "b: 5Gi claim=c"], "1Gi", "b" },
        { "another's volume is not taken", ["a: 1Gi claim=other", "b: 5Gi"], "1Gi", "b" },
        { "blocks are not file systems", ["a: 1Gi mode=Block", "b: 5Gi"], "1Gi", "b" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_claim_gets_its_volume(string rule, string[] volumes, string claim, string expected)
    {
        await using var server = await RawServer.StartAsync();
        foreach (var volume in volumes)
        {
            await server.CreateYamlAsync(Volumes, Volume(volume));
            var name = volume.Split(':')[0];
            await server.UntilAsync($"{Volumes}/{name}", obj => Phase(obj) == "Available");
        }

        await server.CreateYamlAsync(Claims, Claim("c", claim));

        if (expected.Length == 0)
        {
            await server.UntilAsync(Events, list => list["items"]!.AsArray().Any(item => (string?)item!["reason"] is "FailedBinding" or "ProvisioningFailed"), rule);
            Assert.Equal("Pending", Phase(await server.GetAsync($"{Claims}/c")));
            return;
        }

        var bound = await server.UntilAsync($"{Claims}/c", obj => Phase(obj) == "Bound", rule);
        Assert.Equal(expected, (string)bound["spec"]!["volumeName"]!);
        Assert.Equal("yes", (string)bound["metadata"]!["annotations"]!["pv.kubernetes.io/bind-completed"]!);
        var held = await server.UntilAsync($"{Volumes}/{expected}", obj => Phase(obj) == "Bound");
        Assert.Equal((string)bound["metadata"]!["uid"]!, (string)held["spec"]!["claimRef"]!["uid"]!);
        Assert.Equal((string)held["spec"]!["capacity"]!["storage"]!, (string)bound["status"]!["capacity"]!["storage"]!);
    }

    [Fact]
    public async Task A_released_volume_is_kept_deleted_or_failed_by_its_policy()
    {
        var directory = Directory.CreateTempSubdirectory("dp-t-volume");
        await using var server = await RawServer.StartAsync();
        foreach (var (name, policy, path) in new[] { ("kept", "Retain", "/srv/x"), ("deleted", "Delete", directory.FullName), ("refused", "Delete", "/srv/y"), ("recycled", "Recycle", "/srv/z") })
        {
            await server.CreateYamlAsync(
                Volumes,
                $"metadata: {{name: {name}}}\nspec: {{capacity: {{storage: 1Gi}}, accessModes: [ReadWriteOnce], hostPath: {{path: {path}}}, persistentVolumeReclaimPolicy: {policy}}}");
            await server.CreateYamlAsync(Claims, Claim(name, $"1Gi volume={name}"));
            await server.UntilAsync($"{Claims}/{name}", obj => Phase(obj) == "Bound");
            await server.DeleteAsync($"{Claims}/{name}");
            await server.UntilAsync($"{Claims}/{name}", obj => obj.Count == 0);
        }

        await server.UntilAsync($"{Volumes}/kept", obj => Phase(obj) == "Released");
        await server.UntilAsync($"{Volumes}/deleted", obj => obj.Count == 0);
        Assert.False(directory.Exists && Directory.Exists(directory.FullName));
        var refused = await server.UntilAsync($"{Volumes}/refused", obj => Phase(obj) == "Failed");
        Assert.Equal("host_path deleter only supports /tmp/.+ but received provided /srv/y", (string)refused["status"]!["message"]!);
        var recycled = await server.UntilAsync($"{Volumes}/recycled", obj => Phase(obj) == "Failed");
        Assert.Equal("No recycler plugin found for the volume!", (string)recycled["status"]!["message"]!);

        // A new claim does not get a volume that holds another's data.
        await server.CreateYamlAsync(Claims, Claim("next", "1Gi"));
        await server.UntilAsync(Events, list => list["items"]!.AsArray().Any(item => (string?)item!["message"] == "no persistent volumes available for this claim and no storage class is set"));
    }

    [Fact]
    public async Task What_is_in_use_is_not_deleted()
    {
        await using var server = await RawServer.StartAsync();
        await server.CreateYamlAsync("/api/v1/nodes", "metadata: {name: n}");
        await server.CreateYamlAsync(Volumes, Volume("a: 1Gi"));
        await server.CreateYamlAsync(Claims, Claim("c", "1Gi"));
        await server.UntilAsync($"{Claims}/c", obj => Phase(obj) == "Bound");
        await server.UntilAsync($"{Volumes}/a", obj => Phase(obj) == "Bound");
        await server.CreateYamlAsync("/api/v1/namespaces/default/pods", Pod("user", "nodeName: n,"));
        Assert.Equal(["kubernetes.io/pvc-protection"], (await server.GetAsync($"{Claims}/c"))["metadata"]!["finalizers"]!.AsArray().Select(item => (string)item!));

        await server.DeleteAsync($"{Claims}/c");
        await server.DeleteAsync($"{Volumes}/a");
        var held = await server.GetAsync($"{Claims}/c");
        Assert.NotNull(held["metadata"]!["deletionTimestamp"]);
        Assert.NotNull((await server.GetAsync($"{Volumes}/a"))["metadata"]!["deletionTimestamp"]);

        using var ended = await server.SendAsync(
            HttpMethod.Delete, "/api/v1/namespaces/default/pods/user", body: """{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0}""");
        await server.UntilAsync($"{Claims}/c", obj => obj.Count == 0);
        await server.UntilAsync($"{Volumes}/a", obj => obj.Count == 0);
    }

    [Fact]
    public async Task The_default_class_is_for_claims_before_and_after_it()
    {
        await using var server = await RawServer.StartAsync();
        await server.CreateYamlAsync(Claims, Claim("early", "1Gi"));
        await server.CreateYamlAsync(Claims, Claim("none", "1Gi class="));
        await server.CreateYamlAsync(
            Classes, "metadata: {name: usual, annotations: {storageclass.kubernetes.io/is-default-class: 'true'}}\nprovisioner: example.com/disks");

        Assert.Equal("usual", (string)(await server.CreateYamlAsync(Claims, Claim("late", "1Gi")))["spec"]!["storageClassName"]!);
        await server.UntilAsync($"{Claims}/early", obj => (string?)obj["spec"]!["storageClassName"] == "usual");
        Assert.Equal("", (string)(await server.GetAsync($"{Claims}/none"))["spec"]!["storageClassName"]!);
        await server.UntilAsync(
            $"{Claims}/late", obj => (string?)obj["metadata"]!["annotations"]?["volume.kubernetes.io/storage-provisioner"] == "example.com/disks");
    }

    [Fact]
    public async Task A_claim_whose_volume_is_gone_is_lost()
    {
        await using var server = await RawServer.StartAsync();
        await server.CreateYamlAsync(Volumes, Volume("a: 1Gi"));
        await server.CreateYamlAsync(Claims, Claim("c", "1Gi"));
        await server.UntilAsync($"{Claims}/c", obj => Phase(obj) == "Bound");
        await server.PatchAsync($"{Volumes}/a", """{"metadata":{"finalizers":null}}""");
        await server.DeleteAsync($"{Volumes}/a");

        await server.UntilAsync($"{Claims}/c", obj => Phase(obj) == "Lost");
    }

    [Fact]
    public async Task A_pod_waits_for_its_claims_and_a_claim_for_its_pod()
    {
        await using var server = await RawServer.StartAsync();
        foreach (var node in new[] { "left", "right" })
        {
            await server.CreateYamlAsync("/api/v1/nodes", $"metadata: {{name: {node}, labels: {{side: {node}}}}}");
            await server.PatchAsync($"/api/v1/nodes/{node}/status", """{"status":{"conditions":[{"type":"Ready","status":"True"}]}}""");
        }

        await server.CreateYamlAsync("/api/v1/namespaces/default/pods", Pod("missing", "", "nowhere"));
        await RefusedAsync("missing", "0/2 nodes are available: persistentvolumeclaim \"nowhere\" not found.");
        await server.CreateYamlAsync(Claims, Claim("c", "1Gi class=slow"));
        await server.CreateYamlAsync("/api/v1/namespaces/default/pods", Pod("unbound", ""));
        await RefusedAsync("unbound", "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.");

        await server.CreateYamlAsync(Classes, "metadata: {name: local}\nprovisioner: kubernetes.io/no-provisioner\nvolumeBindingMode: WaitForFirstConsumer");
        await server.CreateYamlAsync(Claims, Claim("waits", "1Gi class=local"));
        await server.CreateYamlAsync("/api/v1/namespaces/default/pods", Pod("first", "", "waits"));
        await RefusedAsync("first", "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.");
        await server.CreateYamlAsync(Volumes, Volume("r: 1Gi class=local side=right"));

        var placed = await server.UntilAsync("/api/v1/namespaces/default/pods/first", pod => pod["spec"]?["nodeName"] is not null);
        Assert.Equal("right", (string)placed["spec"]!["nodeName"]!);
        Assert.Equal("r", (string)(await server.GetAsync($"{Claims}/waits"))["spec"]!["volumeName"]!);

        // A bound local volume keeps its pods on its node.
        await server.CreateYamlAsync("/api/v1/namespaces/default/pods", Pod("elsewhere", "nodeSelector: {side: left},", "waits"));
        await RefusedAsync("elsewhere", "1 node(s) had volume node affinity conflict");

        Task RefusedAsync(string pod, string message) => server.UntilAsync(
            $"/api/v1/namespaces/default/pods/{pod}",
            obj => (obj["status"]?["conditions"] as JsonArray)?.Any(condition => ((string?)condition!["message"])?.Contains(message) == true) == true,
            message);
    }

    private static string? Phase(JsonObject obj) => (string?)obj["status"]?["phase"];

    private static string Pod(string name, string more, string claim = "c") =>
        $"metadata: {{name: {name}}}\nspec: {{{more} containers: [{{name: c, image: i, volumeMounts: [{{name: v, mountPath: /v}}]}}], volumes: [{{name: v, persistentVolumeClaim: {{claimName: {claim}}}}}]}}";

    /// <summary>NAME: SIZE [class=C] [modes=M,...] [label=L] [claim=N] [mode=Block] [side=NODE].</summary>
    private static string Volume(string text)
    {
        var words = text.Split(' ');
        var option = Options(words.Skip(2));
        var claim = option.TryGetValue("claim", out var name) ? $", claimRef: {{namespace: default, name: {name}}}" : "";
        var affinity = option.TryGetValue("side", out var side)
            ? $", nodeAffinity: {{required: {{nodeSelectorTerms: [{{matchExpressions: [{{key: side, operator: In, values: [{side}]}}]}}]}}}}"
            : "";
        return $"metadata: {{name: {words[0].TrimEnd(':')}, labels: {{kind: {option.GetValueOrDefault("label", "plain")}}}}}\n" +
            $"spec: {{capacity: {{storage: {words[1]}}}, accessModes: [{option.GetValueOrDefault("modes", "ReadWriteOnce")}], hostPath: {{path: /srv/v}}, " +
            $"storageClassName: '{option.GetValueOrDefault("class", "")}', volumeMode: {option.GetValueOrDefault("mode", "Filesystem")}{claim}{affinity}}}";
    }

    /// <summary>SIZE [class=C] [modes=M,...] [selector=L] [volume=N].</summary>
    private static string Claim(string name, string text)
    {
        var words = text.Split(' ');
        var option = Options(words.Skip(1));
        var selector = option.TryGetValue("selector", out var label) ? $", selector: {{matchLabels: {{kind: {label}}}}}" : "";
        var volume = option.TryGetValue("volume", out var chosen) ? $", volumeName: {chosen}" : "";
        var className = option.TryGetValue("class", out var given) ? $", storageClassName: '{given}'" : "";
        return $"metadata: {{name: {name}}}\nspec: {{accessModes: [{option.GetValueOrDefault("modes", "ReadWriteOnce")}], " +
            $"resources: {{requests: {{storage: {words[0]}}}}}{className}{selector}{volume}}}";
    }

    private static Dictionary<string, string> Options(IEnumerable<string> words) => words.Select(word => word.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
}
