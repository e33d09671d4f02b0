using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Tests.Http;

/// <summary>pods/ephemeralcontainers: what kubectl debug writes.</summary>
public sealed class EphemeralContainerTests : IAsyncLifetime
{
    private const string Pod = "/api/v1/namespaces/default/pods/web";
    private const string Strategic = "application/strategic-merge-patch+json";
    private RawServer _server = null!;

    public static TheoryData<string, string> Wrong => new()
    {
        { "{\"name\":\"c\",\"image\":\"i\"}", "spec.ephemeralContainers[0].name: Duplicate value: \"c\"" },
        { "{\"name\":\"d\"}", "spec.ephemeralContainers[0].image: Required value" },
        { "{\"name\":\"d\",\"image\":\"i\",\"targetContainerName\":\"x\"}", "spec.ephemeralContainers[0].targetContainerName: Not found: \"x\"" },
        { "{\"name\":\"d\",\"image\":\"i\",\"ports\":[{\"containerPort\":80}]}", "spec.ephemeralContainers[0].Ports: Forbidden: cannot be set for an Ephemeral Container" },
        { "{\"name\":\"d\",\"image\":\"i\",\"livenessProbe\":{\"exec\":{\"command\":[\"a\"]}}}", "spec.ephemeralContainers[0].LivenessProbe: Forbidden: cannot be set for an Ephemeral Container" },
        { "{\"name\":\"d\",\"image\":\"i\",\"resources\":{\"requests\":{\"cpu\":\"1\"}}}", "spec.ephemeralContainers[0].Resources: Forbidden: cannot be set for an Ephemeral Container" },
        {
            "{\"name\":\"d\",\"image\":\"i\",\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/v\",\"subPath\":\"a\"}]}",
            "spec.ephemeralContainers[0].volumeMounts[0].subPath: Forbidden: cannot be set for an Ephemeral Container"
        },
    };

    public async ValueTask InitializeAsync()
    {
        // Nobody else writes to the pod.
        _server = await RawServer.StartAsync(controllers: false);
        await _server.WriteAsync(HttpMethod.Post, "/api/v1/namespaces/default/serviceaccounts", """{"metadata":{"name":"default"}}""");
        await _server.WriteAsync(
            HttpMethod.Post, "/api/v1/namespaces/default/pods",
            """{"metadata":{"name":"web"},"spec":{"containers":[{"name":"c","image":"i"}],"volumes":[{"name":"v","emptyDir":{}}]} }""");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task AContainerIsAddedAndNothingElseChanges()
    {
        var patched = await PatchAsync("""{"metadata":{"labels":{"a":"b"}},"spec":{"nodeName":"x","ephemeralContainers":[{"name":"d","image":"i","stdin":true,"tty":true,"targetContainerName":"c"}]} }""");
        Assert.Equal(
            """{"name":"d","image":"i","resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"Always","stdin":true,"tty":true,"targetContainerName":"c"}""",
            Sorted(Assert.Single(patched["spec"]!["ephemeralContainers"]!.AsArray())!, "name,image,resources,terminationMessagePath,terminationMessagePolicy,imagePullPolicy,stdin,tty,targetContainerName"));
        Assert.Null(patched["metadata"]!["labels"]);
        Assert.Null(patched["spec"]!["nodeName"]);
        Assert.Contains(patched["metadata"]!["managedFields"]!.AsArray(), entry => (string?)entry!["subresource"] == "ephemeralcontainers");
        Assert.Equal(patched.ToJsonString(), (await _server.GetAsync($"{Pod}/ephemeralcontainers")).ToJsonString());

        // A second one joins the first; the first may neither go nor change.
        await PatchAsync("""{"spec":{"ephemeralContainers":[{"name":"e","image":"i"}]} }""");
        var both = await _server.GetAsync(Pod);
        Assert.Equal(2, both["spec"]!["ephemeralContainers"]!.AsArray().Count);
        both["spec"]!["ephemeralContainers"]!.AsArray().RemoveAt(0);
        Assert.Contains("existing ephemeral containers \"", await RefusedAsync(HttpMethod.Put, both.ToJsonString(), "application/json"), StringComparison.Ordinal);
        Assert.Contains(
            "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"d\" may not be changed",
            await RefusedAsync(HttpMethod.Patch, """{"spec":{"ephemeralContainers":[{"name":"d","image":"other"}]} }""", Strategic),
            StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task AContainerThatPromisesTooMuchIsRefused(string container, string error) => Assert.Contains(
        error, await RefusedAsync(HttpMethod.Patch, $"{{\"spec\":{{\"ephemeralContainers\":[{container}]}}}}", Strategic), StringComparison.Ordinal);

    [Fact]
    public async Task TheyAreNotForTheMainResource()
    {
        using var answer = await _server.SendAsync(
            HttpMethod.Patch, Pod, body: """{"spec":{"ephemeralContainers":[{"name":"d","image":"i"}]} }""", type: Strategic);
        Assert.Equal(422, (int)answer.StatusCode);
        var resources = (await _server.GetAsync("/api/v1"))["resources"]!.AsArray();
        Assert.Contains(resources, resource => (string?)resource!["name"] == "pods/ephemeralcontainers" && resource["verbs"]!.ToJsonString() == """["get","patch","update"]""");
    }

    private static string Sorted(JsonNode container, string fields) =>
        new JsonObject(fields.Split(',').Where(field => container[field] is not null).Select(field => KeyValuePair.Create(field, container[field]?.DeepClone()))).ToJsonString();

    private Task<JsonObject> PatchAsync(string patch) => _server.WriteAsync(HttpMethod.Patch, $"{Pod}/ephemeralcontainers", patch, Strategic);

    private async Task<string> RefusedAsync(HttpMethod method, string body, string type)
    {
        using var answer = await _server.SendAsync(method, $"{Pod}/ephemeralcontainers", body: body, type: type);
        Assert.Equal(422, (int)answer.StatusCode);
        return (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(RawServer.Cancellation))!["message"]!;
    }
}
