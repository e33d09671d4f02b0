using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Tests.Http;

/// <summary>Lists as a client without a library sees them.</summary>
public sealed class ListTests : IAsyncLifetime
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private RawServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await RawServer.StartAsync(history: 40, controllers: false);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task PiecesOfAListAreOfOneRevision()
    {
        await CreateAsync("a", "b", "c", "d");
        var first = await _server.GetAsync($"{ConfigMaps}?limit=2");
        await _server.SendAsync(HttpMethod.Delete, $"{ConfigMaps}/d");
        await _server.CreateConfigMapAsync("e");
        var second = await _server.GetAsync($"{ConfigMaps}?limit=2&continue={first["metadata"]!["continue"]}");

        Assert.Equal(["a", "b"], Names(first));
        Assert.Equal(2, (long)first["metadata"]!["remainingItemCount"]!);
        Assert.Equal(["c", "d"], Names(second));
        Assert.Equal(RawServer.Version(first), RawServer.Version(second));
        Assert.Null(second["metadata"]!["continue"]);
        Assert.Null(second["metadata"]!["remainingItemCount"]);
    }

    [Fact]
    public async Task RemainingItemsAreNotCountedUnderASelector()
    {
        await CreateAsync("a", "b", "c");
        var list = await _server.GetAsync($"{ConfigMaps}?limit=1&labelSelector=l%3Da");
        Assert.NotNull(list["metadata"]!["continue"]);
        Assert.Null(list["metadata"]!["remainingItemCount"]);
    }

    [Fact]
    public async Task AnExpiredContinueTokenIsGoneAndCarriesOneForTheRest()
    {
        await CreateAsync("a", "b");
        var first = await _server.GetAsync($"{ConfigMaps}?limit=1");
        await ForgetHistoryAsync();
        var status = await _server.GetAsync($"{ConfigMaps}?limit=1&continue={first["metadata"]!["continue"]}", code: 410);
        Assert.Equal("Expired", (string?)status["reason"]);
        Assert.StartsWith("The provided continue parameter is too old to display a consistent list result.", (string?)status["message"], StringComparison.Ordinal);

        var rest = await _server.GetAsync($"{ConfigMaps}?limit=1&continue={status["metadata"]!["continue"]}");
        Assert.Equal(["b"], Names(rest));
        Assert.True(RawServer.Version(rest) > RawServer.Version(first));
    }

    [Fact]
    public async Task AnExactRevisionIsShownWhileItIsKnown()
    {
        await CreateAsync("a");
        var then = RawServer.Version(await _server.GetAsync(ConfigMaps));
        await CreateAsync("b");
        Assert.Equal(["a"], Names(await _server.GetAsync($"{ConfigMaps}?resourceVersion={then}&resourceVersionMatch=Exact")));
        Assert.Equal(["a", "b"], Names(await _server.GetAsync($"{ConfigMaps}?resourceVersion={then}&resourceVersionMatch=NotOlderThan")));
        await ForgetHistoryAsync();
        var status = await _server.GetAsync($"{ConfigMaps}?resourceVersion={then}&resourceVersionMatch=Exact", code: 410);
        Assert.StartsWith($"too old resource version: {then} (", (string?)status["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("resourceVersionMatch=Exact", 422, "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided")]
    [InlineData("resourceVersionMatch=Exact&resourceVersion=0", 422, "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")]
    [InlineData("resourceVersionMatch=Newest&resourceVersion=1", 422, "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Unsupported value: \"Newest\": supported values: \"\", \"Exact\", \"NotOlderThan\"")]
    [InlineData("resourceVersionMatch=Exact&resourceVersion=1&continue=x", 422, "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided")]
    [InlineData("sendInitialEvents=true", 422, "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list")]
    [InlineData("continue=nonsense", 400, "invalid continue token: continue key is not valid: invalid character '\\u009e' looking for beginning of value")]
    [InlineData("resourceVersion=x", 400, "resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": invalid syntax")]
    [InlineData("fieldSelector=spec.x%3D1", 400, "\"spec.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")]
    [InlineData("fieldSelector=nonsense", 400, "invalid selector: 'nonsense'; can't understand 'nonsense'")]
    public async Task OptionsThatDoNotGoTogetherAreRefused(string query, int code, string message)
    {
        var status = await _server.GetAsync($"{ConfigMaps}?{query}", code: code);
        Assert.Equal(message, (string?)status["message"]);
        Assert.Equal("Status", (string?)status["kind"]);
    }

    [Fact]
    public async Task AKindWithFieldLabelsNamesTheOneItDoesNotHave()
    {
        var status = await _server.GetAsync("/api/v1/pods?fieldSelector=spec.image%3Dx", code: 400);
        Assert.Equal("field label not supported: spec.image", (string?)status["message"]);
        Assert.Equal("PodList", (string?)(await _server.GetAsync("/api/v1/pods?fieldSelector=spec.nodeName%3Dx"))["kind"]);
    }

    [Fact]
    public async Task AFutureRevisionTimesOut()
    {
        var current = RawServer.Version(await _server.GetAsync(ConfigMaps));
        var status = await _server.GetAsync($"{ConfigMaps}?resourceVersion={current + 1000}", code: 504);
        Assert.StartsWith($"Too large resource version: {current + 1000}, current: ", (string?)status["message"], StringComparison.Ordinal);
        Assert.Equal(1, (int)status["details"]!["retryAfterSeconds"]!);
    }

    [Fact]
    public async Task MetadataAloneCanBeListed()
    {
        await CreateAsync("a");
        var list = await _server.GetAsync(ConfigMaps, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
        Assert.Equal("PartialObjectMetadataList", (string?)list["kind"]);
        var item = Assert.Single((JsonArray)list["items"]!)!.AsObject();
        Assert.Equal(["kind", "apiVersion", "metadata"], item.Select(field => field.Key));
        Assert.Equal("PartialObjectMetadata", (string?)item["kind"]);
    }

    private async Task CreateAsync(params string[] names)
    {
        foreach (var name in names)
        {
            await _server.CreateConfigMapAsync(name);
        }
    }

    private async Task ForgetHistoryAsync()
    {
        for (var i = 0; i < 50; i++)
        {
            await _server.CreateConfigMapAsync($"filler-{i}");
        }
    }

    private static string[] Names(JsonObject list) => [.. ((JsonArray)list["items"]!).Select(item => (string)item!["metadata"]!["name"]!)];
}
