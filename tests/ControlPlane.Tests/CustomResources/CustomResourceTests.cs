using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Tests.Http;

namespace Dataplane.ControlPlane.Tests.CustomResources;

/// <summary>Custom resources over the wire, from the definition's creation to its end.</summary>
public sealed class CustomResourceTests : IAsyncLifetime
{
    private const string Widgets = "/apis/example.com/v1/namespaces/default/widgets";
    private const string Table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    private RawServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await RawServer.StartAsync();
        await _server.WriteAsync(HttpMethod.Post, TestDefinition.Path, TestDefinition.Yaml, "application/yaml");
        await UntilEstablishedAsync();
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task AnObjectIsPrunedDefaultedAndStored()
    {
        var created = await CreateAsync("one", "{color: red, odd: 1}");
        Assert.Equal("""{"color":"red","replicas":1}""", created["spec"]!.ToJsonString());
        Assert.Equal(1, (int)created["metadata"]!["generation"]!);
        Assert.Equal(created.ToJsonString(), (await _server.GetAsync($"{Widgets}/one")).ToJsonString());
        var list = await _server.GetAsync("/apis/example.com/v1/widgets");
        Assert.Equal("WidgetList example.com/v1 1", $"{list["kind"]} {list["apiVersion"]} {list["items"]!.AsArray().Count}");
    }

    [Theory]
    [InlineData("Strict", 400, "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: unknown field \"spec.odd\"")]
    [InlineData("Ignore", 201, null)]
    public async Task UnknownFieldsAreReported(string validation, int code, string? message)
    {
        using var answer = await _server.SendAsync(
            HttpMethod.Post, $"{Widgets}?fieldValidation={validation}", body: Widget("strict", "{color: red, odd: 1}"), type: "application/yaml");
        Assert.Equal(code, (int)answer.StatusCode);
        var text = JsonNode.Parse(await answer.Content.ReadAsStringAsync(RawServer.Cancellation))!;
        Assert.Equal(message, (string?)text["message"]);
    }

    [Fact]
    public async Task AnInvalidObjectIsRefusedWithEveryCause()
    {
        using var answer = await _server.SendAsync(HttpMethod.Post, Widgets, body: Widget("bad", "{color: pink, replicas: 11}"), type: "application/yaml");
        var status = JsonNode.Parse(await answer.Content.ReadAsStringAsync(RawServer.Cancellation))!;
        Assert.Equal(422, (int)answer.StatusCode);
        Assert.Equal(
            "Widget.example.com \"bad\" is invalid: [spec.color: Unsupported value: \"pink\": supported values: \"red\", \"green\", \"blue\", " +
            "spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10]",
            (string?)status["message"]);
        Assert.Equal(2, status["details"]!["causes"]!.AsArray().Count);
    }

    [Fact]
    public async Task AnotherVersionShowsTheSameObjectUnderItsName()
    {
        await CreateAsync("many", "{color: blue}");
        var beta = "/apis/example.com/v1beta1/namespaces/default/widgets";
        using var answer = await _server.SendAsync(HttpMethod.Get, $"{beta}/many");
        Assert.Contains("299 - \"example.com/v1beta1 Widget is deprecated; use example.com/v1 Widget\"", answer.Headers.GetValues("Warning"));
        Assert.Equal("example.com/v1beta1", (string?)(await _server.GetAsync($"{beta}/many"))["apiVersion"]);
        using var watch = await _server.WatchAsync($"{beta}?watch=1&resourceVersion=0");
        Assert.Equal("ADDED example.com/v1beta1", Shown((await watch.NextAsync())!));
        var odd = await _server.WriteAsync(
            HttpMethod.Post, beta, Widget("odd", "{color: blue, anything: 1}", "v1beta1"), "application/yaml");
        Assert.Equal(1, (int)odd["spec"]!["anything"]!);
        Assert.Null((await _server.GetAsync($"{Widgets}/odd"))["spec"]!["anything"]);

        static string Shown(JsonObject change) => $"{change["type"]} {change["object"]!["apiVersion"]}";
    }

    [Fact]
    public async Task StatusAndScaleAreSubresources()
    {
        await CreateAsync("sub", "{color: red, replicas: 3}");
        var status = await _server.WriteAsync(
            HttpMethod.Patch, $"{Widgets}/sub/status", """{"spec":{"color":"blue"},"status":{"replicas":2,"selector":"a=b"}}""", "application/merge-patch+json");
        Assert.Equal("red 2 1", $"{status["spec"]!["color"]} {status["status"]!["replicas"]} {status["metadata"]!["generation"]}");
        var scale = await _server.GetAsync($"{Widgets}/sub/scale");
        Assert.Equal("Scale 3 2 a=b", $"{scale["kind"]} {scale["spec"]!["replicas"]} {scale["status"]!["replicas"]} {scale["status"]!["selector"]}");
        await _server.WriteAsync(HttpMethod.Patch, $"{Widgets}/sub/scale", """{"spec":{"replicas":5}}""", "application/merge-patch+json");
        var scaled = await _server.GetAsync($"{Widgets}/sub");
        Assert.Equal("5 2", $"{scaled["spec"]!["replicas"]} {scaled["metadata"]!["generation"]}");
        using var wrong = await _server.SendAsync(
            HttpMethod.Patch, $"{Widgets}/sub/status", body: """{"status":{"replicas":"x"}}""", type: "application/merge-patch+json");
        Assert.Equal(422, (int)wrong.StatusCode);
    }

    [Fact]
    public async Task PatchesButTheStrategicOneApply()
    {
        await CreateAsync("patched", "{color: red, tags: [a]}");
        var json = await _server.WriteAsync(
            HttpMethod.Patch, $"{Widgets}/patched", """[{"op":"add","path":"/spec/tags/-","value":"b"}]""", "application/json-patch+json");
        Assert.Equal("""["a","b"]""", json["spec"]!["tags"]!.ToJsonString());
        using var refused = await _server.SendAsync(
            HttpMethod.Patch, $"{Widgets}/patched", body: "{}", type: "application/strategic-merge-patch+json");
        Assert.Equal(415, (int)refused.StatusCode);
        Assert.Contains(
            "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json",
            await refused.Content.ReadAsStringAsync(RawServer.Cancellation),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServerSideApplyMergesByTheSchemasKeys()
    {
        const string apply = "application/apply-patch+yaml";
        await _server.WriteAsync(HttpMethod.Patch, $"{Widgets}/ssa?fieldManager=one", Widget("ssa", "{color: red, ports: [{port: 1, name: a}], tags: [x], free: {deep: {a: 1}}}"), apply);
        var merged = await _server.WriteAsync(
            HttpMethod.Patch, $"{Widgets}/ssa?fieldManager=two", Widget("ssa", "{ports: [{port: 2, name: b}], tags: [y], free: {deep: {b: 2}}}"), apply);
        Assert.Equal("1,2", string.Join(",", merged["spec"]!["ports"]!.AsArray().Select(port => port!["port"])));
        Assert.Equal("x,y", string.Join(",", merged["spec"]!["tags"]!.AsArray()));
        Assert.Equal("""{"a":1,"b":2}""", merged["spec"]!["free"]!["deep"]!.ToJsonString());
        Assert.Contains("k:{\\u0022port\\u0022:2,\\u0022protocol\\u0022:\\u0022TCP\\u0022}", merged["metadata"]!["managedFields"]!.ToJsonString(), StringComparison.Ordinal);
        using var conflict = await _server.SendAsync(
            HttpMethod.Patch, $"{Widgets}/ssa?fieldManager=two", body: Widget("ssa", "{color: blue}"), type: apply);
        Assert.Equal(409, (int)conflict.StatusCode);
        Assert.Contains("Apply failed with 1 conflict: conflict with \\u0022one\\u0022: .spec.color".Replace("\\u0022", "\\\"", StringComparison.Ordinal), await conflict.Content.ReadAsStringAsync(RawServer.Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TablesHaveTheDefinitionsColumns()
    {
        await CreateAsync("row", "{color: green}");
        var table = await _server.GetAsync(Widgets, Table);
        Assert.Equal("Name,Color,Replicas,Ready,Age", string.Join(",", table["columnDefinitions"]!.AsArray().Select(column => column!["name"])));
        Assert.StartsWith("""["row","green",1,null,""", table["rows"]![0]!["cells"]!.ToJsonString(), StringComparison.Ordinal);
        var green = await _server.GetAsync($"{Widgets}?fieldSelector=spec.color%3Dgreen");
        Assert.Single(green["items"]!.AsArray());
        Assert.Empty((await _server.GetAsync($"{Widgets}?fieldSelector=spec.color%3Dred"))["items"]!.AsArray());
        var unknown = await _server.GetAsync($"{Widgets}?fieldSelector=spec.replicas%3D1", code: 400);
        Assert.Equal("field label not supported: spec.replicas", (string?)unknown["message"]);
    }

    [Fact]
    public async Task DiscoveryAndOpenApiFollowTheDefinition()
    {
        var group = await _server.GetAsync("/apis/example.com");
        Assert.Equal("example.com/v1", (string?)group["preferredVersion"]!["groupVersion"]);
        var resources = await _server.GetAsync("/apis/example.com/v1");
        Assert.Equal("widgets,widgets/status,widgets/scale", string.Join(",", resources["resources"]!.AsArray().Select(resource => resource!["name"])));
        var document = await _server.GetAsync("/openapi/v3/apis/example.com/v1");
        var schema = document["components"]!["schemas"]!["com.example.v1.Widget"]!;
        Assert.Equal("A widget for tests.", (string?)schema["description"]);
        Assert.NotNull(schema["properties"]!["metadata"]);
        using var watch = await _server.WatchAsync($"{Widgets}?watch=1&resourceVersion=0");
        await CreateAsync("last", "{color: red}");
        Assert.Equal("ADDED", (string?)(await watch.NextAsync())!["type"]);
        var deleted = await _server.WriteAsync(HttpMethod.Delete, $"{TestDefinition.Path}/widgets.example.com", "");
        Assert.Contains("customresourcecleanup.apiextensions.k8s.io", deleted["metadata"]!["finalizers"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("DELETED", (string?)(await watch.NextAsync())!["type"]);
        Assert.Null(await watch.NextAsync());
        await UntilGoneAsync($"{TestDefinition.Path}/widgets.example.com");
        await UntilGoneAsync("/apis/example.com/v1");
        await UntilGoneAsync(Widgets);
        await _server.WriteAsync(HttpMethod.Post, TestDefinition.Path, TestDefinition.Yaml, "application/yaml");
        await UntilEstablishedAsync();
        Assert.Empty((await _server.GetAsync(Widgets))["items"]!.AsArray());
    }

    [Fact]
    public async Task OwnershipReachesCustomResources()
    {
        const string maps = "/api/v1/namespaces/default/configmaps";
        var owner = await CreateAsync("owner", "{color: red}");
        await _server.CreateAsync(maps, $$$"""{"metadata":{"name":"owned","ownerReferences":[{{{Reference(owner)}}}]}}""");
        var map = await _server.CreateAsync(maps, """{"metadata":{"name":"map"}}""");
        await _server.WriteAsync(
            HttpMethod.Post, Widgets,
            $$$"""{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"owned","ownerReferences":[{{{Reference(map)}}}]},"spec":{"color":"red"}}""");
        await _server.WriteAsync(HttpMethod.Delete, $"{Widgets}/owner", """{"propagationPolicy":"Foreground"}""");
        await UntilGoneAsync($"{maps}/owned");
        await UntilGoneAsync($"{Widgets}/owner");
        await _server.WriteAsync(HttpMethod.Delete, $"{maps}/map", "");
        await UntilGoneAsync($"{Widgets}/owned");

        static string Reference(JsonObject obj) =>
            $$$"""{"apiVersion":"{{{obj["apiVersion"]}}}","kind":"{{{obj["kind"]}}}","name":"{{{obj["metadata"]!["name"]}}}","uid":"{{{obj["metadata"]!["uid"]}}}","blockOwnerDeletion":true}""";
    }

    [Fact]
    public async Task ANamespaceTakesItsCustomResourcesAlong()
    {
        await _server.CreateAsync("/api/v1/namespaces", """{"metadata":{"name":"shop"}}""");
        await _server.WriteAsync(HttpMethod.Post, Widgets.Replace("default", "shop", StringComparison.Ordinal), Widget("gone", "{color: red}"), "application/yaml");
        await _server.WriteAsync(HttpMethod.Delete, "/api/v1/namespaces/shop", "");
        await UntilGoneAsync("/api/v1/namespaces/shop");
        Assert.Empty((await _server.GetAsync("/apis/example.com/v1/widgets"))["items"]!.AsArray());
    }

    [Fact]
    public async Task AnApplyOfAFieldNobodyDeclaredIsRefused()
    {
        using var refused = await _server.SendAsync(
            HttpMethod.Patch, $"{Widgets}/odd?fieldManager=one&fieldValidation=Ignore", body: Widget("odd", "{color: red, odd: 1}"), type: "application/apply-patch+yaml");
        Assert.Equal(500, (int)refused.StatusCode);
        var status = JsonNode.Parse(await refused.Content.ReadAsStringAsync(RawServer.Cancellation))!;
        Assert.Equal(
            "failed to create typed patch object (default/odd; example.com/v1, Kind=Widget): .spec.odd: field not declared in schema", (string?)status["message"]);
        Assert.Null(status["reason"]);
    }

    private static string Widget(string name, string spec, string version = "v1") =>
        $"{{apiVersion: example.com/{version}, kind: Widget, metadata: {{name: {name}}}, spec: {spec}}}";

    private Task<JsonObject> CreateAsync(string name, string spec) => _server.WriteAsync(HttpMethod.Post, Widgets, Widget(name, spec), "application/yaml");

    private Task UntilEstablishedAsync() => _server.UntilAsync(
        $"{TestDefinition.Path}/widgets.example.com", definition => TestDefinition.Condition(definition, "Established", "True") is not null, "established:");

    private Task UntilGoneAsync(string path) => _server.UntilAsync(path, obj => obj.Count == 0, "gone:");
}
