using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Tests.Http;

/// <summary>pods/resize: what kubectl patch --subresource resize writes.</summary>
public sealed class PodResizeTests : IAsyncLifetime
{
    private const string Pod = "/api/v1/namespaces/default/pods/web";
    private const string Strategic = "application/strategic-merge-patch+json";
    private RawServer _server = null!;

    public static TheoryData<string, string> Wrong => new()
    {
        { Resources("c", "{\"limits\":{\"memory\":\"64Mi\"}}"), "spec.containers[0].resources.limits[memory]: Forbidden: memory limits cannot be decreased unless resizePolicy is RestartContainer" },
        { Resources("c", "{\"limits\":{\"cpu\":null}}"), "spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed" },
        { Resources("c", "{\"requests\":{\"cpu\":\"3\"}}"), "spec.containers[0].resources.requests: Invalid value: \"3\": must be less than or equal to cpu limit of 200m" },
        { Resources("c", "{\"requests\":{\"cpu\":\"200m\",\"memory\":\"128Mi\"}}"), "spec: Invalid value: \"Guaranteed\": Pod QOS Class may not change as a result of resizing" },
        { Resources("c", "{\"limits\":{\"ephemeral-storage\":\"1Gi\"}}"), "spec: Forbidden: only cpu and memory resources are mutable" },
        { Resources("new", "{}"), "spec.containers: Forbidden: containers may not be added or removed on resize" },
        { "{\"spec\":{\"initContainers\":[{\"name\":\"i\",\"resources\":{\"limits\":{\"cpu\":\"2\"}}}]}}", "spec.initContainers[0].resources: Forbidden: resources for non-sidecar init containers are immutable" },
    };

    public async ValueTask InitializeAsync()
    {
        // Nobody else writes to the pod.
        _server = await RawServer.StartAsync(controllers: false);
        await _server.WriteAsync(HttpMethod.Post, "/api/v1/namespaces/default/serviceaccounts", """{"metadata":{"name":"default"}}""");
        await _server.WriteAsync(
            HttpMethod.Post, "/api/v1/namespaces/default/pods",
            """
            {"metadata":{"name":"web"},"spec":{"initContainers":[{"name":"i","image":"i","resources":{"limits":{"cpu":"1","memory":"1Gi"}}}],
             "containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"200m","memory":"128Mi"},"requests":{"cpu":"100m","memory":"64Mi"}}}]} }
            """);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task ResourcesChangeAndNothingElse()
    {
        var patched = await _server.WriteAsync(
            HttpMethod.Patch, $"{Pod}/resize",
            """{"metadata":{"labels":{"a":"b"}},"spec":{"nodeName":"x","containers":[{"name":"c","image":"other","resources":{"limits":{"cpu":"300m","memory":"256Mi"}}}]} }""", Strategic);
        var container = patched["spec"]!["containers"]![0]!;
        Assert.Equal("""{"limits":{"cpu":"300m","memory":"256Mi"},"requests":{"cpu":"100m","memory":"64Mi"}}""", container["resources"]!.ToJsonString());
        Assert.Equal("i", (string?)container["image"]);
        Assert.Null(patched["metadata"]!["labels"]);
        Assert.Null(patched["spec"]!["nodeName"]);
        Assert.Equal(patched.ToJsonString(), (await _server.GetAsync($"{Pod}/resize")).ToJsonString());
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task AWrongResizeIsRefused(string patch, string error) => Assert.Contains(error, await RefusedAsync($"{Pod}/resize", patch), StringComparison.Ordinal);

    [Fact]
    public async Task ARequestThatNoLimitStandsForIsNotRemoved()
    {
        await _server.WriteAsync(
            HttpMethod.Post, "/api/v1/namespaces/default/pods",
            """{"metadata":{"name":"bare"},"spec":{"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"100m","memory":"64Mi"}}}]} }""");
        Assert.Contains(
            "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed",
            await RefusedAsync("/api/v1/namespaces/default/pods/bare/resize", Resources("c", "{\"requests\":{\"memory\":null}}")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheMainResourceDoesNotResizeAndOthersHaveNoSuchSubresource()
    {
        Assert.Contains("pod updates may not change fields", await RefusedAsync(Pod, Resources("c", "{\"limits\":{\"cpu\":\"300m\"}}")), StringComparison.Ordinal);
        using var absent = await _server.SendAsync(HttpMethod.Patch, "/api/v1/namespaces/default/serviceaccounts/default/resize", body: "{}", type: Strategic);
        Assert.Equal(404, (int)absent.StatusCode);
        var resources = (await _server.GetAsync("/api/v1"))["resources"]!.AsArray();
        Assert.Contains(resources, resource => (string?)resource!["name"] == "pods/resize" && resource["verbs"]!.ToJsonString() == """["get","patch","update"]""");
    }

    private static string Resources(string container, string resources) => $"{{\"spec\":{{\"containers\":[{{\"name\":\"{container}\",\"resources\":{resources}}}]}}}}";

    private async Task<string> RefusedAsync(string path, string patch)
    {
        using var answer = await _server.SendAsync(HttpMethod.Patch, path, body: patch, type: Strategic);
        Assert.Equal(422, (int)answer.StatusCode);
        return (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(RawServer.Cancellation))!["message"]!;
    }
}
