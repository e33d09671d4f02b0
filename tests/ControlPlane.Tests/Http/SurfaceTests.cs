using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Tests.Http;

/// <summary>What is no resource: discovery, health and metrics.</summary>
public sealed class SurfaceTests : IAsyncLifetime
{
    private const string Aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    private RawServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await RawServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("/api", Aggregated, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")]
    [InlineData("/apis", "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList", "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList")]
    [InlineData("/api", "application/json", "application/json")]
    [InlineData("/api/v1", null, "application/json")]
    [InlineData("/apis/apps", null, "application/json")]
    [InlineData("/openapi/v3", null, "application/json")]
    public async Task ADocumentIsNotSentTwice(string path, string? accept, string type)
    {
        using var first = await _server.SendAsync(HttpMethod.Get, path, accept);
        Assert.Equal(type, first.Content.Headers.ContentType!.ToString().Replace(" ", "", StringComparison.Ordinal));
        using var again = new HttpRequestMessage(HttpMethod.Get, path);
        again.Headers.TryAddWithoutValidation("Accept", accept ?? "application/json");
        again.Headers.TryAddWithoutValidation("If-None-Match", first.Headers.ETag!.Tag);
        using var second = await _server.Http.SendAsync(again, RawServer.Cancellation);
        Assert.Equal(304, (int)second.StatusCode);
        Assert.Empty(await second.Content.ReadAsByteArrayAsync(RawServer.Cancellation));
    }

    [Fact]
    public async Task StorageVersionHashesAreThoseOfKubernetes()
    {
        var core = await _server.GetAsync("/api/v1");
        Assert.Null(core["apiVersion"]);
        Assert.Equal("xPOwRZ+Yhw8=", Hash(core, "pods"));
        Assert.Equal("0/CO1lhkEBI=", Hash(core, "services"));
        Assert.Equal("8aSe+NMegvE=", Hash(await _server.GetAsync("/apis/apps/v1"), "deployments"));

        static string? Hash(JsonObject list, string name) =>
            (string?)list["resources"]!.AsArray().Single(resource => (string?)resource!["name"] == name)!["storageVersionHash"];
    }

    [Theory]
    [InlineData("/healthz", 200, "ok")]
    [InlineData("/livez?verbose", 200, "[+]ping ok\n[+]etcd ok\nlivez check passed\n")]
    [InlineData("/readyz?verbose&exclude=etcd", 200, "[+]ping ok\n[+]etcd excluded: ok\n[+]shutdown ok\nreadyz check passed\n")]
    [InlineData("/readyz/etcd", 200, "ok")]
    [InlineData("/livez/ping", 200, "ok")]
    [InlineData("/livez/nothing", 404, null)]
    public async Task HealthIsToldCheckByCheck(string path, int code, string? text)
    {
        using var answer = await _server.SendAsync(HttpMethod.Get, path);
        Assert.Equal(code, (int)answer.StatusCode);
        if (text is not null)
        {
            Assert.Equal(text, await answer.Content.ReadAsStringAsync(RawServer.Cancellation));
        }
    }

    [Fact]
    public async Task MetricsHaveUpstreamsNamesAndLabels()
    {
        await using var server = await RawServer.StartAsync(controllers: false);
        using var watch = await server.WatchAsync("/api/v1/namespaces/default/configmaps?watch=1");
        await server.CreateConfigMapAsync("counted");
        await watch.NextAsync();
        await server.GetAsync("/api/v1/namespaces/default/configmaps/counted");
        await server.GetAsync("/api/v1/namespaces/default/configmaps/missing", code: 404);
        await server.GetAsync("/api/v1/namespaces/default/configmaps/counted/whatever\"}", code: 404);
        const string maps = "component=\"apiserver\",group=\"\",resource=\"configmaps\"";
        var wanted = new[]
        {
            $"apiserver_request_total{{{maps},scope=\"resource\",subresource=\"\",verb=\"POST\",version=\"v1\",dry_run=\"\",code=\"201\"}} 1",
            $"apiserver_request_total{{{maps},scope=\"resource\",subresource=\"\",verb=\"GET\",version=\"v1\",dry_run=\"\",code=\"200\"}} 1",
            $"apiserver_request_total{{{maps},scope=\"resource\",subresource=\"\",verb=\"GET\",version=\"v1\",dry_run=\"\",code=\"404\"}} 2",
            $"apiserver_request_duration_seconds_bucket{{{maps},scope=\"resource\",subresource=\"\",verb=\"GET\",version=\"v1\",dry_run=\"\",le=\"+Inf\"}} 3",
            $"apiserver_longrunning_requests{{{maps},scope=\"namespace\",subresource=\"\",verb=\"WATCH\",version=\"v1\"}} 1",
            "apiserver_resource_objects{group=\"\",resource=\"services\"} 1",
            "apiserver_storage_objects{resource=\"servicecidrs.networking.k8s.io\"} 1",
        };

        // A request is counted after its answer: the page is asked until it shows them.
        var text = "";
        for (var attempt = 0; attempt < 600 && !wanted.All(line => text.Contains(line + "\n", StringComparison.Ordinal)); attempt++)
        {
            await Task.Delay(attempt > 0 ? 50 : 0, RawServer.Cancellation);
            text = await MetricsAsync(server);
        }

        Assert.All(wanted, line => Assert.Contains(line + "\n", text, StringComparison.Ordinal));
        Assert.DoesNotContain("whatever", text, StringComparison.Ordinal);
        Assert.Contains("apiserver_watch_events_total{group=\"\",version=\"v1\",resource=\"configmaps\"} ", text, StringComparison.Ordinal);
        Assert.Contains("process_resident_memory_bytes ", text, StringComparison.Ordinal);
        Assert.Contains("apiserver_current_inflight_requests{request_kind=\"mutating\"} ", text, StringComparison.Ordinal);
        Assert.All(text.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches(@"^(# (HELP|TYPE) \w+ .+|\w+(\{[^}]*\})? -?[0-9.E+-]+)$", line));
    }

    [Fact]
    public async Task ComponentStatusesAreOfTheRunningParts()
    {
        using var answer = await _server.SendAsync(HttpMethod.Get, "/api/v1/componentstatuses");
        Assert.Contains("299 - \"v1 ComponentStatus is deprecated in v1.19+\"", answer.Headers.GetValues("Warning"));
        var list = (JsonObject)JsonNode.Parse(await answer.Content.ReadAsStringAsync(RawServer.Cancellation))!;
        Assert.Equal(
            "controller-manager True ok,etcd-0 True ok,scheduler True ok",
            string.Join(",", list["items"]!.AsArray().Select(item => $"{item!["metadata"]!["name"]} {item["conditions"]![0]!["status"]} {item["conditions"]![0]!["message"]}").Order()));
        using var refused = await _server.SendAsync(HttpMethod.Delete, "/api/v1/componentstatuses/scheduler");
        Assert.Equal(405, (int)refused.StatusCode);
    }

    private static async Task<string> MetricsAsync(RawServer server)
    {
        using var answer = await server.SendAsync(HttpMethod.Get, "/metrics");
        return await answer.Content.ReadAsStringAsync(RawServer.Cancellation);
    }
}
