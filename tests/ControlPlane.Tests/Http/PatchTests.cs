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
