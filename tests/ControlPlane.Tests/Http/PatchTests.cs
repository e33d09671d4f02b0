using System.Net;
using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Tests.Http;

/// <summary>PATCH on the wire: races between patches, and server-side apply without kubectl.</summary>
public sealed class PatchTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Apply = "application/apply-patch+yaml";
    private const string Merge = "application/merge-patch+json";

    [Fact]
    public async Task Patches_that_race_are_all_made()
    {
        await using var server = await RawServer.StartAsync();
        await server.CreateConfigMapAsync("raced");
        await Task.WhenAll(Enumerable.Range(0, 16).Select(i =>
            server.WriteAsync(HttpMethod.Patch, $"{ConfigMaps}/raced", $$$"""{"data":{"k{{{i}}}":"v"}}""", Merge)));
        var map = await server.GetAsync($"{ConfigMaps}/raced");
        Assert.Equal(17, map["data"]!.AsObject().Count);
    }

    [Fact]
    public async Task A_patch_that_names_an_old_version_is_refused()
    {
        await using var server = await RawServer.StartAsync();
        var version = await server.CreateConfigMapAsync("old");
        var body = $$$"""{"metadata":{"resourceVersion":"{{{version}}}"},"data":{"k":"new"}}""";
        await server.WriteAsync(HttpMethod.Patch, $"{ConfigMaps}/old", body, Merge);
        using var again = await server.SendAsync(HttpMethod.Patch, $"{ConfigMaps}/old", body: body, type: Merge);
        Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
    }

    [Fact]
    public async Task A_write_that_names_version_0_replaces_any()
    {
        await using var server = await RawServer.StartAsync();
        await server.CreateConfigMapAsync("any");
        var replaced = await server.WriteAsync(HttpMethod.Put, $"{ConfigMaps}/any", """{"metadata":{"name":"any","resourceVersion":"0"},"data":{"k":"new"}}""");
        Assert.Equal("new", (string?)replaced["data"]!["k"]);
    }

    [Theory]
    [InlineData("""{"metadata":{"labels":"invalid"}}""", "map[metadata:map[labels:invalid]]", "cannot restore map from string")]
    [InlineData("""{"data":[1,null]}""", "map[data:[1 <nil>]]", "cannot restore map from slice")]
    [InlineData("""{"metadata":{"finalizers":true}}""", "map[metadata:map[finalizers:true]]", "cannot restore slice from bool")]
    [InlineData("""{"metadata":{"generation":"x"}}""", "map[metadata:map[generation:x]]", "unrecognized type: int64")]
    [InlineData("""{"metadata":{"generateName":3}}""", "map[metadata:map[generateName:3]]", "cannot convert int64 to string")]
    public async Task A_strategic_patch_to_another_type_is_refused_in_upstreams_words(string patch, string shown, string why)
    {
        await using var server = await RawServer.StartAsync();
        await server.CreateConfigMapAsync("typed");
        using var refused = await server.SendAsync(HttpMethod.Patch, $"{ConfigMaps}/typed", body: patch, type: "application/strategic-merge-patch+json");
        var status = JsonNode.Parse(await refused.Content.ReadAsStringAsync(RawServer.Cancellation))!;
        Assert.Equal((422, $" \"\" is invalid: patch: Invalid value: \"{shown}\": {why}"), ((int)refused.StatusCode, (string?)status["message"]));
    }

    [Theory]
    [InlineData("kubectl", true)]
    [InlineData("other", false)]
    public async Task An_apply_by_kubectl_keeps_the_annotation_of_its_client_side_apply_true(string manager, bool renewed)
    {
        await using var server = await RawServer.StartAsync();
        const string annotation = "kubectl.kubernetes.io/last-applied-configuration";
        await server.CreateAsync(ConfigMaps, $$$"""{"metadata":{"name":"both","annotations":{"{{{annotation}}}":"{\"data\":{\"k\":\"1\"}}"}},"data":{"k":"1"}}""");
        var applied = await server.WriteAsync(
            HttpMethod.Patch, $"{ConfigMaps}/both?fieldManager={manager}&force=true", "{kind: ConfigMap, apiVersion: v1, data: {k: \"2\"}}", Apply);
        Assert.Equal(
            renewed ? """{"apiVersion":"v1","data":{"k":"2"},"kind":"ConfigMap","metadata":{"name":"both"}}""" + "\n" : """{"data":{"k":"1"}}""",
            (string?)applied["metadata"]!["annotations"]![annotation]);
    }

    [Fact]
    public async Task An_apply_of_what_a_type_of_the_core_group_has_not_names_the_type_as_upstream_does()
    {
        await using var server = await RawServer.StartAsync();
        using var refused = await server.SendAsync(HttpMethod.Patch, $"{ConfigMaps}/odd?fieldManager=m", body: "{kind: ConfigMap, apiVersion: v1, dat: {k: v}}", type: Apply);
        var status = JsonNode.Parse(await refused.Content.ReadAsStringAsync(RawServer.Cancellation))!;
        Assert.Equal("failed to create typed patch object (default/odd; /v1, Kind=ConfigMap): .dat: field not declared in schema", (string?)status["message"]);
    }

    [Theory]
    [InlineData("", Apply, "{apiVersion: v1, kind: ConfigMap}", 422, "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch")]
    [InlineData("?force=true", Merge, "{}", 422, "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch")]
    [InlineData("?fieldManager=m", Apply, "{apiVersion: v2, kind: ConfigMap}", 400, "Incorrect version specified in apply patch. Specified patch version: v2, expected: v1")]
    [InlineData("?fieldManager=m", Apply, "{apiVersion: v1, kind: ConfigMap, metadata: {managedFields: [{manager: x}]}}", 400, "metadata.managedFields must be nil")]
    [InlineData("?fieldManager=m", Apply, "{apiVersion: v1, kind: ConfigMap, metadata: {name: y}}", 400, "the name of the object (y) does not match the name on the URL (x)")]
    public async Task A_patch_is_refused_in_upstreams_words(string query, string type, string body, int code, string message)
    {
        await using var server = await RawServer.StartAsync();
        using var answer = await server.SendAsync(HttpMethod.Patch, $"{ConfigMaps}/x{query}", body: body, type: type);
        var status = JsonNode.Parse(await answer.Content.ReadAsStringAsync(RawServer.Cancellation))!;
        Assert.Equal((code, message), ((int)answer.StatusCode, (string?)status["message"]));
    }

    [Fact]
    public async Task Apply_creates_once_and_then_has_nothing_to_write()
    {
        await using var server = await RawServer.StartAsync();
        const string body = "{apiVersion: v1, kind: ConfigMap, data: {a: b}}";
        const string path = $"{ConfigMaps}/applied?fieldManager=m";
        using var first = await server.SendAsync(HttpMethod.Patch, path, body: body, type: Apply);
        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        var created = JsonNode.Parse(await first.Content.ReadAsStringAsync(RawServer.Cancellation))!.AsObject();
        var again = await server.WriteAsync(HttpMethod.Patch, path, body, Apply);
        Assert.Equal(RawServer.Version(created), RawServer.Version(again));
        Assert.Equal(["m Apply"], Owners(again));
        var emptied = await server.WriteAsync(HttpMethod.Patch, path, "{apiVersion: v1, kind: ConfigMap}", Apply);
        Assert.Null(emptied["data"]);
    }

    [Fact]
    public async Task Writers_are_known_by_parameter_or_user_agent_and_by_subresource()
    {
        await using var server = await RawServer.StartAsync();
        server.Http.DefaultRequestHeaders.UserAgent.ParseAdd("tool/1.0");
        const string path = "/api/v1/namespaces/default/replicationcontrollers";
        await server.CreateAsync(
            $"{path}?fieldManager=made",
            """{"metadata":{"name":"r"},"spec":{"replicas":0,"selector":{"a":"b"},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""");
        await server.WriteAsync(HttpMethod.Patch, $"{path}/r", """{"metadata":{"labels":{"x":"y"}}}""", Merge);
        await server.WriteAsync(HttpMethod.Patch, $"{path}/r/scale", """{"spec":{"replicas":1}}""", Merge);
        var owners = Owners(await server.GetAsync($"{path}/r"));
        Assert.Contains("made Update", owners);
        Assert.Contains("tool Update", owners);
        Assert.Contains("tool Update scale", owners);
    }

    private static string[] Owners(JsonObject obj) =>
        [.. obj["metadata"]!["managedFields"]!.AsArray().Select(entry => $"{entry!["manager"]} {entry["operation"]} {entry["subresource"]}".TrimEnd())];
}
