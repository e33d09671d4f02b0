using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Tests.Http;

/// <summary>Watches as a client without a library sees them.</summary>
public sealed class WatchTests : IAsyncLifetime
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Initial = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    private RawServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await RawServer.StartAsync(history: 40, controllers: false);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task AWatchFromARevisionShowsWhatCameAfterItAndEndsWithABookmark()
    {
        var from = await _server.CreateConfigMapAsync("a");
        var created = await _server.CreateConfigMapAsync("b");
        var patched = RawServer.Version(await LabelAsync("b", "c"));
        await _server.SendAsync(HttpMethod.Delete, $"{ConfigMaps}/b");
        using var watch = await _server.WatchAsync($"{ConfigMaps}?watch=1&resourceVersion={from}&allowWatchBookmarks=true&timeoutSeconds=1");
        var events = await watch.RestAsync();
        Assert.Equal(["ADDED", "MODIFIED", "DELETED"], events.Take(3).Select(Type));
        Assert.Equal([created, patched], events.Take(2).Select(change => RawServer.Version(change["object"]!.AsObject())));
        Assert.All(events.Skip(3), change => Assert.Equal("BOOKMARK", Type(change)));
        Assert.Equal("ConfigMap", (string?)events[^1]["object"]!["kind"]);
        Assert.True(RawServer.Version(events[^1]["object"]!.AsObject()) >= RawServer.Version(events[2]["object"]!.AsObject()));
    }

    [Fact]
    public async Task InitialEventsEndWithAnAnnotatedBookmark()
    {
        await _server.CreateConfigMapAsync("a");
        using var watch = await _server.WatchAsync($"{ConfigMaps}?watch=1&{Initial}&allowWatchBookmarks=true");
        Assert.Equal("ADDED", Type((await watch.NextAsync())!));
        var bookmark = (await watch.NextAsync())!;
        Assert.Equal("BOOKMARK", Type(bookmark));
        Assert.Equal("true", (string?)bookmark["object"]!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]);
        var created = await _server.CreateConfigMapAsync("b");
        Assert.Equal(created, RawServer.Version((await watch.NextAsync())!["object"]!.AsObject()));
    }

    [Fact]
    public async Task WithoutInitialEventsOnlyChangesAreShown()
    {
        await _server.CreateConfigMapAsync("a");
        using var watch = await _server.WatchAsync($"{ConfigMaps}?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan");
        await _server.CreateConfigMapAsync("b");
        Assert.Equal("b", Name((await watch.NextAsync())!["object"]!));
    }

    [Fact]
    public async Task ARevisionThatIsForgottenIsAnErrorEventUnderA200()
    {
        var old = await _server.CreateConfigMapAsync("old");
        for (var i = 0; i < 50; i++)
        {
            await _server.CreateConfigMapAsync($"filler-{i}");
        }

        using var watch = await _server.WatchAsync($"{ConfigMaps}?watch=1&resourceVersion={old}");
        var events = await watch.RestAsync();
        var error = Assert.Single(events);
        Assert.Equal("ERROR", Type(error));
        Assert.Equal(410, (int)error["object"]!["code"]!);
        Assert.Equal("Expired", (string?)error["object"]!["reason"]);
        Assert.StartsWith($"too old resource version: {old} (", (string?)error["object"]!["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sendInitialEvents=true", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")]
    [InlineData("resourceVersionMatch=NotOlderThan&resourceVersion=1", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")]
    public async Task OptionsThatDoNotGoTogetherAreRefused(string query, string problem)
    {
        var status = await _server.GetAsync($"{ConfigMaps}?watch=1&{query}", code: 422);
        Assert.Equal($"ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: {problem}", (string?)status["message"]);
    }

    [Fact]
    public async Task AChangeThatLeavesOrJoinsASelectionLooksLikeADeletionOrAnAddition()
    {
        var from = await _server.CreateConfigMapAsync("a", label: "in");
        var moved = RawServer.Version(await LabelAsync("a", "out"));
        await LabelAsync("a", "in");
        using var watch = await _server.WatchAsync($"{ConfigMaps}?watch=1&resourceVersion={from}&labelSelector=l%3Din");
        var (left, joined) = ((await watch.NextAsync())!, (await watch.NextAsync())!);
        Assert.Equal(["DELETED", "ADDED"], [Type(left), Type(joined)]);
        Assert.Equal("in", (string?)left["object"]!["metadata"]!["labels"]!["l"]);
        Assert.Equal(moved, RawServer.Version(left["object"]!.AsObject()));
    }

    [Fact]
    public async Task OnlyTheFirstTableOfAWatchHasColumns()
    {
        var from = await _server.CreateConfigMapAsync("a");
        await _server.CreateConfigMapAsync("b");
        await _server.CreateConfigMapAsync("c");
        using var watch = await _server.WatchAsync($"{ConfigMaps}?watch=1&resourceVersion={from}", "application/json;as=Table;v=v1;g=meta.k8s.io");
        var (first, second) = ((await watch.NextAsync())!["object"]!, (await watch.NextAsync())!["object"]!);
        Assert.Equal("Table", (string?)first["kind"]);
        Assert.Equal(["Name", "Data", "Age"], ((JsonArray)first["columnDefinitions"]!).Select(column => (string?)column!["name"]));
        Assert.Null(second["columnDefinitions"]);
        Assert.Equal("c", (string?)second["rows"]![0]!["cells"]![0]);
        Assert.Equal("PartialObjectMetadata", (string?)second["rows"]![0]!["object"]!["kind"]);
    }

    [Fact]
    public async Task AnEmptyTableStillShowsItsColumns()
    {
        using var watch = await _server.WatchAsync(
            $"{ConfigMaps}?watch=1&{Initial}&allowWatchBookmarks=true&labelSelector=none", "application/json;as=Table;v=v1;g=meta.k8s.io");
        var bookmark = (await watch.NextAsync())!;
        Assert.Equal("BOOKMARK", Type(bookmark));
        Assert.NotEmpty((JsonArray)bookmark["object"]!["columnDefinitions"]!);
        Assert.Equal("true", (string?)bookmark["object"]!["rows"]![0]!["object"]!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]);
    }

    [Fact]
    public async Task MetadataAloneCanBeWatched()
    {
        var from = await _server.CreateConfigMapAsync("a");
        await _server.CreateConfigMapAsync("b");
        using var watch = await _server.WatchAsync($"{ConfigMaps}?watch=1&resourceVersion={from}", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
        var shown = (await watch.NextAsync())!["object"]!.AsObject();
        Assert.Equal(["kind", "apiVersion", "metadata"], shown.Select(field => field.Key));
        Assert.Equal("b", Name(shown));
    }

    [Fact]
    public async Task AWatcherThatDoesNotReadIsCutOff()
    {
        const int writes = 100;
        var from = await _server.CreateConfigMapAsync("a");
        using var watch = await _server.WatchAsync($"{ConfigMaps}?watch=1&resourceVersion={from}");
        var body = $$$"""{"metadata":{"generateName":"big-"},"data":{"k":"{{{new string('x', 500_000)}}}"}}""";
        for (var i = 0; i < writes; i++)
        {
            await _server.CreateAsync(ConfigMaps, body);
        }

        // 50 MB are more than sockets and queue hold; what was queued still comes, then the end.
        var received = await watch.RestAsync();
        Assert.InRange(received.Count, 40, writes - 1);
        Assert.All(received, change => Assert.Equal("ADDED", Type(change)));
    }

    private Task<JsonObject> LabelAsync(string name, string label) => _server.WriteAsync(
        HttpMethod.Patch, $"{ConfigMaps}/{name}", $$$"""{"metadata":{"labels":{"l":"{{{label}}}"} } }""", "application/merge-patch+json");

    private static string Type(JsonObject change) => (string)change["type"]!;

    private static string Name(JsonNode obj) => (string)obj["metadata"]!["name"]!;
}
