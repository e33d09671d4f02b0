using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Tests.Http;

namespace Dataplane.ControlPlane.Tests.CustomResources;

/// <summary>Definitions that change, and definitions that want the same names.</summary>
public sealed class DefinitionChangeTests : IAsyncLifetime
{
    private const string Things = "/apis/things.example.org/v1/things";
    private RawServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await RawServer.StartAsync(controllers: false);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task AChangedSchemaCountsForWhatIsStoredAlready()
    {
        await DefineAsync("things", "Thing", "{a: {type: string}}");
        await UntilAsync("things", "Established", "True");
        await _server.WriteAsync(HttpMethod.Post, Things, Thing("one", "{a: x, b: y}"), "application/yaml");
        Assert.Equal("""{"a":"x"}""", await SpecAsync("one"));
        await PatchSchemaAsync("""{"b":{"type":"string","default":"new"}}""");
        await _server.UntilAsync($"{Things}/one", thing => thing["spec"]!.ToJsonString() == """{"a":"x","b":"new"}""", "the default:");
        using var watch = await _server.WatchAsync($"{Things}?watch=1&resourceVersion=0");
        Assert.Equal("new", (string?)(await watch.NextAsync())!["object"]!["spec"]!["b"]);
        var columns = await _server.GetAsync(Things, "application/json;as=Table;v=v1;g=meta.k8s.io");
        Assert.Equal("Name,Age", string.Join(",", columns["columnDefinitions"]!.AsArray().Select(column => column!["name"])));
    }

    [Fact]
    public async Task AStricterSchemaDoesNotFreezeObjects()
    {
        await DefineAsync("things", "Thing", "{a: {type: string}, n: {type: integer}}");
        await UntilAsync("things", "Established", "True");
        await _server.WriteAsync(HttpMethod.Post, Things, Thing("old", "{a: long, n: 1}"), "application/yaml");
        await PatchSchemaAsync("""{"a":{"type":"string","maxLength":2}}""");
        await _server.UntilAsync(
            "/openapi/v3/apis/things.example.org/v1", document => document.ToJsonString().Contains("maxLength", StringComparison.Ordinal), "the new schema:");
        var (code, refused) = await _server.TryCreateAsync(Things, Thing("new", "{a: long}"));
        Assert.Equal(422, code);
        Assert.Contains("spec.a: Too long: may not be more than 2 bytes", (string?)refused["message"], StringComparison.Ordinal);
        var kept = await _server.WriteAsync(HttpMethod.Patch, $"{Things}/old", """{"spec":{"n":2}}""", "application/merge-patch+json");
        Assert.Equal("long 2", $"{kept["spec"]!["a"]} {kept["spec"]!["n"]}");
    }

    [Fact]
    public async Task ANameIsFreedByTheDefinitionThatHadIt()
    {
        await DefineAsync("things", "Thing", "{a: {type: string}}");
        await UntilAsync("things", "Established", "True");
        await DefineAsync("others", "Thing", "{a: {type: string}}");
        var refused = await UntilAsync("others", "NamesAccepted", "False");
        Assert.Equal("ListKindConflict \"ThingList\" is already in use", $"{refused["reason"]} {refused["message"]}");
        await UntilAsync("others", "Established", "False");
        await _server.GetAsync("/apis/things.example.org/v1/others", code: 404);
        await _server.WriteAsync(HttpMethod.Delete, $"{TestDefinition.Path}/things.things.example.org", "");
        await UntilAsync("others", "Established", "True");
        Assert.Empty((await _server.GetAsync("/apis/things.example.org/v1/others"))["items"]!.AsArray());
    }

    [Fact]
    public async Task AnInvalidDefinitionIsRefused()
    {
        using var answer = await _server.SendAsync(
            HttpMethod.Post, TestDefinition.Path, body: Definition("things", "Thing", "{a: {}}"), type: "application/yaml");
        Assert.Equal(422, (int)answer.StatusCode);
        Assert.Contains(
            "spec.validation.openAPIV3Schema.properties[spec].properties[a].type: Required value: must not be empty for specified object fields",
            await answer.Content.ReadAsStringAsync(RawServer.Cancellation),
            StringComparison.Ordinal);
    }

    private static string Thing(string name, string spec) => $"{{apiVersion: things.example.org/v1, kind: Thing, metadata: {{name: {name}}}, spec: {spec}}}";

    private static string Definition(string plural, string kind, string properties) => $$$"""
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: {{{plural}}}.things.example.org}
        spec:
          group: things.example.org
          scope: Cluster
          names: {plural: {{{plural}}}, kind: {{{kind}}}}
          versions:
          - name: v1
            served: true
            storage: true
            schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {{{properties}}} } } } }
        """;

    private Task DefineAsync(string plural, string kind, string properties) =>
        _server.WriteAsync(HttpMethod.Post, TestDefinition.Path, Definition(plural, kind, properties), "application/yaml");

    /// <summary>Merges properties into the schema's spec.</summary>
    private Task PatchSchemaAsync(string properties)
    {
        var patch = new JsonArray();
        foreach (var (name, schema) in (JsonObject)JsonNode.Parse(properties)!)
        {
            patch.Add(new JsonObject
            {
                ["op"] = "add",
                ["path"] = $"/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/{name}",
                ["value"] = schema!.DeepClone(),
            });
        }

        return _server.WriteAsync(HttpMethod.Patch, $"{TestDefinition.Path}/things.things.example.org", patch.ToJsonString(), "application/json-patch+json");
    }

    private async Task<string> SpecAsync(string name) => (await _server.GetAsync($"{Things}/{name}"))["spec"]!.ToJsonString();

    /// <summary>Waits for a condition's status and returns the condition.</summary>
    private async Task<JsonObject> UntilAsync(string plural, string type, string status)
    {
        var path = $"{TestDefinition.Path}/{plural}.things.example.org";
        return TestDefinition.Condition(await _server.UntilAsync(path, found => TestDefinition.Condition(found, type, status) is not null, type), type, status)!;
    }
}
