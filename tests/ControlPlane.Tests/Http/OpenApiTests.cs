using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.Tests.Http;

/// <summary>The OpenAPI documents: what they say, and how clients keep them.</summary>
public sealed class OpenApiTests
{
    private static readonly SchemaDescriptions Descriptions = SchemaDescriptions.Load();

    [Fact]
    public void EveryTypeAndEveryFieldIsDescribed()
    {
        var types = SchemaTable.Kubernetes.Types;
        Assert.Equal("", string.Join(" ", types.Where(type => !type.Either && type.Name != "apiextensions.CustomResource" && Descriptions.Of(type) is null)
            .Select(type => type.Name)));
        var fields = types.Where(type => !type.Either).SelectMany(type => type.Fields.Where(field => !field.Inline).Select(field => (type, field)));
        Assert.Equal("", string.Join(" ", fields.Where(entry => Descriptions.Of(entry.type, entry.field) is null)
            .Select(entry => $"{entry.type.Name}.{entry.field.Name}")));
    }

    [Fact]
    public void EveryDescriptionIsOfSomethingThatIsThere()
    {
        Assert.Equal("", string.Join(" ", Descriptions.Types.Where(name => Type(name) is null)));
        Assert.Equal("", string.Join(" ", Descriptions.Fields.Where(entry =>
            !entry.Type.EndsWith('*') && Type(entry.Type)?.Fields.Any(field => field.Name == entry.Field) is not true)));

        static TypeSchema? Type(string name) => SchemaTable.Kubernetes.Types.FirstOrDefault(type => type.Name == name);
    }

    [Fact]
    public async Task EveryReferenceOfEveryDocumentLeadsSomewhere()
    {
        await using var server = await RawServer.StartAsync();
        var index = await server.GetAsync("/openapi/v3");
        foreach (var (path, entry) in index["paths"]!.AsObject())
        {
            var document = await server.GetAsync((string)entry!["serverRelativeURL"]!);
            var schemas = document["components"]!["schemas"]!.AsObject();
            foreach (var reference in References(document))
            {
                Assert.True(schemas.ContainsKey(reference["#/components/schemas/".Length..]), $"{path}: {reference}");
            }
        }

        var merged = await server.GetAsync("/openapi/v2");
        Assert.All(References(merged), reference => Assert.True(merged["definitions"]!.AsObject().ContainsKey(reference["#/definitions/".Length..]), reference));
    }

    [Fact]
    public async Task ADocumentIsKeptByItsHash()
    {
        await using var server = await RawServer.StartAsync();
        var address = (string)(await server.GetAsync("/openapi/v3"))["paths"]!["apis/apps/v1"]!["serverRelativeURL"]!;
        using var answer = await server.SendAsync(HttpMethod.Get, address);
        var tag = answer.Headers.ETag!.Tag;
        Assert.Equal($"\"{address.Split("hash=")[1]}\"", tag);
        Assert.True(answer.Headers.CacheControl!.Public);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/openapi/v3/apis/apps/v1");
        request.Headers.TryAddWithoutValidation("If-None-Match", tag);
        using var unchanged = await server.Http.SendAsync(request, RawServer.Cancellation);
        Assert.Equal(304, (int)unchanged.StatusCode);
        using var moved = await server.SendAsync(HttpMethod.Get, "/openapi/v3/apis/apps/v1?hash=OLD");
        Assert.Equal(301, (int)moved.StatusCode);
        Assert.Equal(address, moved.Headers.Location!.ToString());
    }

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject obj => obj.SelectMany(field => field.Key == "$ref" && field.Value is JsonValue reference ? [(string)reference!] : References(field.Value)),
        JsonArray list => list.SelectMany(References),
        _ => [],
    };
}
