using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Tests.Http;

namespace Dataplane.ControlPlane.Tests.Admission;

public sealed class QuotaTests
{
    private const string Here = "/api/v1/namespaces/default";

    /// <summary>A quota's spec, an object and the refusal; empty when there is none.</summary>
    public static TheoryData<string, string, string, string> Cases => new()
    {
        { "hard: {pods: '0'}", "api/v1/pods", Pod(""), "pods \"x\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0" },
        { "hard: {count/pods: '0'}", "api/v1/pods", Pod(""), "pods \"x\" is forbidden: exceeded quota: q, requested: count/pods=1, used: count/pods=0, limited: count/pods=0" },
        {
            "hard: {requests.cpu: 500m, limits.memory: 1Gi}", "api/v1/pods", Pod("{requests: {cpu: '1'}, limits: {memory: 2Gi}}"),
            "exceeded quota: q, requested: limits.memory=2Gi,requests.cpu=1, used: limits.memory=0,requests.cpu=0, limited: limits.memory=1Gi,requests.cpu=500m"
        },
        { "hard: {cpu: '1'}", "api/v1/pods", Pod("{requests: {cpu: 1500m}}"), "requested: cpu=1500m, used: cpu=0, limited: cpu=1" },
        {
            "hard: {limits.cpu: '2', requests.memory: 1Gi}", "api/v1/pods", Pod(""),
            "pods \"x\" is forbidden: failed quota: q: must specify limits.cpu for: c; requests.memory for: c"
        },
        { "hard: {requests.example.com/gpu: '1'}", "api/v1/pods", Pod("{limits: {example.com/gpu: '2'}}"), "requested: requests.example.com/gpu=2" },
        { "hard: {pods: '0'}\n  scopes: [BestEffort]", "api/v1/pods", Pod(""), "exceeded quota: q, requested: pods=1" },
        { "hard: {pods: '0'}\n  scopes: [BestEffort]", "api/v1/pods", Pod("{requests: {cpu: '1'}}"), "" },
        { "hard: {pods: '0'}\n  scopes: [NotBestEffort]", "api/v1/pods", Pod(""), "" },
        { "hard: {pods: '0'}\n  scopes: [NotTerminating]", "api/v1/pods", Pod(""), "exceeded quota" },
        { "hard: {pods: '0'}\n  scopes: [Terminating]", "api/v1/pods", Pod(""), "" },
        {
            "hard: {pods: '0'}\n  scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In, values: [system-node-critical]}]}", "api/v1/pods",
            Pod("", "priorityClassName: system-node-critical,"), "exceeded quota"
        },
        {
            "hard: {pods: '0'}\n  scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In, values: [system-node-critical]}]}", "api/v1/pods", Pod(""), ""
        },
        { "hard: {services: '0'}", "api/v1/services", Service("ClusterIP"), "services \"x\" is forbidden: exceeded quota: q, requested: services=1" },
        { "hard: {services.nodeports: '1'}", "api/v1/services", Service("NodePort"), "requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1" },
        { "hard: {services.loadbalancers: '0'}", "api/v1/services", Service("LoadBalancer"), "requested: services.loadbalancers=1" },
        { "hard: {services.nodeports: '0'}", "api/v1/services", Service("ClusterIP"), "" },
        { "hard: {configmaps: '0'}", "api/v1/configmaps", "metadata: {name: x}", "configmaps \"x\" is forbidden: exceeded quota: q, requested: configmaps=1" },
        { "hard: {count/deployments.apps: '0'}", "apis/apps/v1/deployments", Deployment, "deployments.apps \"x\" is forbidden: exceeded quota: q, requested: count/deployments.apps=1" },
        { "hard: {requests.storage: 1Gi}", "api/v1/persistentvolumeclaims", StorageClaim, "requested: requests.storage=2Gi, used: requests.storage=0, limited: requests.storage=1Gi" },
        {
            "hard: {slow.storageclass.storage.k8s.io/requests.storage: 1Gi}", "api/v1/persistentvolumeclaims", StorageClaim,
            "requested: slow.storageclass.storage.k8s.io/requests.storage=2Gi"
        },
        { "hard: {fast.storageclass.storage.k8s.io/persistentvolumeclaims: '0'}", "api/v1/persistentvolumeclaims", StorageClaim, "" },
    };

    private const string Deployment =
        "metadata: {name: x}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}";

    private const string StorageClaim =
        "metadata: {name: x}\nspec: {storageClassName: slow, accessModes: [ReadWriteOnce], resources: {requests: {storage: 2Gi}}}";

    [Fact]
    public async Task What_does_not_fit_is_refused_in_upstreams_words()
    {
        await using var server = await RawServer.StartAsync();
        var number = 0;
        foreach (var (quota, resource, obj, refusal) in Cases.Select(row => row.Data))
        {
            var ns = $"case-{number++}";
            await server.CreateYamlAsync("/api/v1/namespaces", $"metadata: {{name: {ns}}}");
            await QuotaAsync(server, ns, quota);
            var at = resource.LastIndexOf('/');

            var (code, answer) = await server.TryCreateAsync($"/{resource[..at]}/namespaces/{ns}{resource[at..]}", obj);

            Assert.True(code == (refusal.Length == 0 ? 201 : 403), $"{quota}: {code} {answer}");
            Assert.Contains(refusal, (string?)answer["message"] ?? "");
        }
    }

    [Fact]
    public async Task Concurrent_creations_never_pass_a_quota_and_deletions_give_it_back()
    {
        await using var server = await RawServer.StartAsync();
        await QuotaAsync(server, "default", "hard: {pods: '7', requests.cpu: '2'}");

        Task<int> CreateAsync(int i) => CreatePodAsync(server, $"p{i}", "{requests: {cpu: 250m}}");
        var made = await Task.WhenAll(Enumerable.Range(0, 40).Select(CreateAsync));

        Assert.Equal(7, made.Count(code => code == 201));
        Assert.Equal(33, made.Count(code => code == 403));
        await UsedAsync(server, "pods=7,requests.cpu=1750m");
        var pods = (await server.GetAsync($"{Here}/pods"))["items"]!.AsArray().Take(3).Select(pod => (string)pod!["metadata"]!["name"]!);
        foreach (var pod in pods)
        {
            await server.DeleteAsync($"{Here}/pods/{pod}");
        }

        await UsedAsync(server, "pods=4,requests.cpu=1");
        made = await Task.WhenAll(Enumerable.Range(50, 10).Select(CreateAsync));
        Assert.Equal(3, made.Count(code => code == 201));
    }

    [Fact]
    public async Task A_refused_creation_and_an_ended_pod_count_for_nothing()
    {
        await using var server = await RawServer.StartAsync();
        await QuotaAsync(server, "default", "hard: {pods: '3', count/pods: '3'}");
        Assert.Equal(201, await CreatePodAsync(server, "a"));
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(409, await CreatePodAsync(server, "a"));
        }

        await UsedAsync(server, "count/pods=1,pods=1");
        await server.PatchAsync($"{Here}/pods/a/status", """{"status":{"phase":"Succeeded"}}""");
        await UsedAsync(server, "count/pods=1,pods=0");
    }

    [Fact]
    public async Task A_service_that_grows_is_charged_for_what_it_adds()
    {
        await using var server = await RawServer.StartAsync();
        await QuotaAsync(server, "default", "hard: {services.nodeports: '2'}");
        await server.CreateYamlAsync($"{Here}/services", Service("ClusterIP"));
        await server.PatchAsync($"{Here}/services/x", """{"spec":{"type":"NodePort"}}""");
        await UsedAsync(server, "services.nodeports=2");

        using var refused = await server.SendAsync(
            HttpMethod.Patch,
            $"{Here}/services/x",
            body: """{"spec":{"ports":[{"name":"a","port":1},{"name":"b","port":2},{"name":"c","port":3}]}}""",
            type: "application/merge-patch+json");
        Assert.Contains(
            "requested: services.nodeports=1, used: services.nodeports=2, limited: services.nodeports=2",
            await refused.Content.ReadAsStringAsync(RawServer.Cancellation));

        await server.PatchAsync($"{Here}/services/x", """{"spec":{"type":"ClusterIP"}}""");
        await UsedAsync(server, "services.nodeports=0");
    }

    [Fact]
    public async Task A_quota_made_later_counts_what_is_there_and_a_new_limit_shows()
    {
        await using var server = await RawServer.StartAsync();
        await server.CreateYamlAsync($"{Here}/persistentvolumeclaims", StorageClaim);
        await QuotaAsync(server, "default", "hard: {persistentvolumeclaims: '5', requests.storage: 10Gi}");
        await UsedAsync(server, "persistentvolumeclaims=1,requests.storage=2Gi");

        await server.PatchAsync($"{Here}/resourcequotas/q", """{"spec":{"hard":{"requests.storage":null,"services":"9"}}}""");
        await UsedAsync(server, "persistentvolumeclaims=1,services=1");
    }

    private static Task QuotaAsync(RawServer server, string ns, string spec) =>
        server.CreateYamlAsync($"/api/v1/namespaces/{ns}/resourcequotas", $"metadata: {{name: q}}\nspec:\n  {spec}\n");

    private static async Task<int> CreatePodAsync(RawServer server, string name, string resources = "") =>
        (await server.TryCreateAsync($"{Here}/pods", Pod(resources, name: name))).Code;

    private static Task UsedAsync(RawServer server, string expected) => server.UntilAsync(
        $"{Here}/resourcequotas/q",
        quota => quota["status"]?["used"] is JsonObject used && string.Join(",", used.Select(entry => $"{entry.Key}={entry.Value}")) == expected,
        expected);

    private static string Pod(string resources, string more = "", string name = "x") =>
        $"metadata: {{name: {name}}}\nspec: {{{more} containers: [{{name: c, image: i{(resources.Length > 0 ? $", resources: {resources}" : "")}}}]}}";

    private static string Service(string type) =>
        $"metadata: {{name: x}}\nspec: {{type: {type}, ports: [{{name: a, port: 1}}, {{name: b, port: 2}}]}}";
}
