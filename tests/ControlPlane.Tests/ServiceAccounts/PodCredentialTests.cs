using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Tests.Http;

namespace Dataplane.ControlPlane.Tests.ServiceAccounts;

public sealed class PodCredentialTests
{
    private const string Here = "/api/v1/namespaces/default";
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";

    [Fact]
    public async Task A_pod_gets_the_token_of_its_account()
    {
        await using var server = await RawServer.StartAsync();

        var pod = await server.CreateYamlAsync($"{Here}/pods", "metadata: {name: p}\nspec: {initContainers: [{name: i, image: i}], containers: [{name: c, image: i}]}");

        Assert.Equal("default", (string)pod["spec"]!["serviceAccountName"]!);
        var volume = pod["spec"]!["volumes"]!.AsArray().Single()!;
        Assert.Matches("^kube-api-access-[a-z0-9]{5}$", (string)volume["name"]!);
        var sources = volume["projected"]!["sources"]!.AsArray();
        Assert.Equal(3607, (int)sources[0]!["serviceAccountToken"]!["expirationSeconds"]!);
        Assert.Equal("kube-root-ca.crt", (string)sources[1]!["configMap"]!["name"]!);
        Assert.Equal("metadata.namespace", (string)sources[2]!["downwardAPI"]!["items"]![0]!["fieldRef"]!["fieldPath"]!);
        foreach (var container in pod["spec"]!["containers"]!.AsArray().Concat(pod["spec"]!["initContainers"]!.AsArray()))
        {
            var mount = container!["volumeMounts"]!.AsArray().Single()!;
            Assert.Equal((MountPath, true, (string)volume["name"]!), ((string)mount["mountPath"]!, (bool)mount["readOnly"]!, (string)mount["name"]!));
        }
    }

    [Theory]
    [InlineData("", "automountServiceAccountToken: false,", false)]
    [InlineData("automountServiceAccountToken: false", "", false)]
    [InlineData("automountServiceAccountToken: false", "automountServiceAccountToken: true,", true)]
    [InlineData("automountServiceAccountToken: true", "", true)]
    public async Task The_pod_or_else_its_account_decides(string account, string pod, bool mounted)
    {
        await using var server = await RawServer.StartAsync();
        await server.CreateYamlAsync($"{Here}/serviceaccounts", $"metadata: {{name: robot}}\nimagePullSecrets: [{{name: pull}}]\n{account}");

        var created = await server.CreateYamlAsync(
            $"{Here}/pods", $"metadata: {{name: p}}\nspec: {{serviceAccountName: robot, {pod} containers: [{{name: c, image: i}}]}}");

        Assert.Equal(mounted, created["spec"]!["volumes"] is JsonArray { Count: 1 });
        Assert.Equal("pull", (string)created["spec"]!["imagePullSecrets"]![0]!["name"]!);
    }

    [Fact]
    public async Task A_mount_of_ones_own_is_left_alone()
    {
        await using var server = await RawServer.StartAsync();

        var pod = await server.CreateYamlAsync(
            $"{Here}/pods",
            $"metadata: {{name: p}}\nspec: {{containers: [{{name: c, image: i, volumeMounts: [{{name: mine, mountPath: {MountPath}}}]}}], volumes: [{{name: mine, emptyDir: {{}}}}]}}");

        Assert.Equal("mine", (string)pod["spec"]!["volumes"]!.AsArray().Single()!["name"]!);
    }

    [Fact]
    public async Task A_pod_of_an_unknown_account_is_refused_and_one_in_a_new_namespace_waits_for_its_account()
    {
        await using var server = await RawServer.StartAsync();
        var (code, answer) = await server.TryCreateAsync($"{Here}/pods", "metadata: {name: p}\nspec: {serviceAccountName: none, containers: [{name: c, image: i}]}");
        Assert.Equal(403, code);
        Assert.Equal("pods \"p\" is forbidden: error looking up service account default/none: serviceaccount \"none\" not found", (string)answer["message"]!);

        for (var i = 0; i < 5; i++)
        {
            await server.CreateYamlAsync("/api/v1/namespaces", $"metadata: {{name: new-{i}}}");
            await server.CreateYamlAsync($"/api/v1/namespaces/new-{i}/pods", "metadata: {name: p}\nspec: {containers: [{name: c, image: i}]}");
        }
    }
}
