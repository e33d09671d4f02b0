using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Tests.Http;
using Dataplane.TestKit;

namespace Dataplane.ControlPlane.Tests.Events;

public sealed class EventTests
{
    private const string Core = "/api/v1/namespaces/default/events";
    private const string V1 = "/apis/events.k8s.io/v1/namespaces/default/events";

    private const string NewForm = """
        metadata: {name: new}
        eventTime: "2026-01-02T03:04:05.000006Z"
        reportingController: example.com/robot
        reportingInstance: robot-1
        action: Binding
        reason: Bound
        type: Normal
        note: all is well
        regarding: {kind: Pod, namespace: default, name: p}
        """;

    [Fact]
    public async Task An_event_reads_in_both_versions()
    {
        await using var server = await RawServer.StartAsync(controllers: false);
        await server.CreateYamlAsync(V1, NewForm);
        var core = await server.GetAsync($"{Core}/new");
        Assert.Equal(
            ("v1", "all is well", "p", "example.com/robot"),
            ((string)core["apiVersion"]!, (string)core["message"]!, (string)core["involvedObject"]!["name"]!, (string)core["reportingComponent"]!));
        Assert.Null(core["note"]);

        await server.CreateYamlAsync(
            Core,
            "metadata: {name: old}\ninvolvedObject: {kind: Pod, namespace: default, name: q}\nmessage: hm\nreason: Odd\ntype: Warning\ncount: 3\nsource: {component: x}\nlastTimestamp: 2026-01-02T03:04:05Z");
        var converted = await server.GetAsync($"{V1}/old");
        Assert.Equal(
            ("events.k8s.io/v1", "hm", "q", 3, "x", "2026-01-02T03:04:05Z"),
            ((string)converted["apiVersion"]!, (string)converted["note"]!, (string)converted["regarding"]!["name"]!, (int)converted["deprecatedCount"]!,
                (string)converted["deprecatedSource"]!["component"]!, (string)converted["deprecatedLastTimestamp"]!));

        var list = await server.GetAsync(V1);
        Assert.Equal("events.k8s.io/v1", (string)list["apiVersion"]!);
        Assert.Equal(["new", "old"], Names(list));
        Assert.Equal(["old"], Names(await server.GetAsync($"{V1}?fieldSelector=regarding.name%3Dq")));
        Assert.Equal(["old"], Names(await server.GetAsync($"{Core}?fieldSelector=involvedObject.name%3Dq,type%3DWarning")));
        Assert.Equal(["new"], Names(await server.GetAsync($"{V1}?fieldSelector=reportingController%3Dexample.com%2Frobot")));

        // A change in one version is seen by a watch in the other.
        using var watch = await server.WatchAsync($"{V1}?watch=1&resourceVersion={list["metadata"]!["resourceVersion"]}");
        await server.PatchAsync($"{Core}/old", """{"count":4}""");
        var change = (await watch.NextAsync())!;
        Assert.Equal(("MODIFIED", 4, "hm"), ((string)change["type"]!, (int)change["object"]!["deprecatedCount"]!, (string)change["object"]!["note"]!));
        await server.PatchAsync($"{V1}/new", """{"series":{"count":2,"lastObservedTime":"2026-01-02T03:05:05.000006Z"}}""");
        Assert.Equal(2, (int)(await server.GetAsync($"{Core}/new"))["series"]!["count"]!);
    }

    /// <summary>What is taken out of a good event, and the refusal.</summary>
    [Theory]
    [InlineData("eventTime: \"2026-01-02T03:04:05.000006Z\"", "eventTime: Required value")]
    [InlineData("reportingController: example.com/robot", "reportingController: Required value")]
    [InlineData("action: Binding", "action: Required value")]
    [InlineData("type: Normal", "type: Invalid value: \"\": has invalid value: ")]
    [InlineData("namespace: default,", "involvedObject.namespace: Invalid value: \"\": does not match event.namespace")]
    public async Task What_the_new_version_asks_for_must_be_there(string without, string refusal)
    {
        await using var server = await RawServer.StartAsync(controllers: false);
        await server.CreateYamlAsync("/api/v1/namespaces", "metadata: {name: shop}");

        var (code, answer) = await server.TryCreateAsync(
            "/apis/events.k8s.io/v1/namespaces/shop/events", NewForm.Replace("namespace: default", "namespace: shop").Replace(without.Replace("default", "shop"), ""));

        Assert.Equal(422, code);
        Assert.Contains(refusal, (string)answer["message"]!);
    }

    [Fact]
    public async Task Events_go_an_hour_after_they_were_last_written()
    {
        var time = new ManualTime(TimeProvider.System.GetUtcNow());
        await using var server = await RawServer.StartAsync(time: time, controllers: false);
        await server.CreateYamlAsync(Core, "metadata: {name: once}\ninvolvedObject: {kind: Pod, namespace: default, name: p}");
        await server.CreateYamlAsync(Core, "metadata: {name: again}\ninvolvedObject: {kind: Pod, namespace: default, name: p}");
        time.Advance(TimeSpan.FromMinutes(50));
        await server.PatchAsync($"{Core}/again", $$"""{"lastTimestamp":"{{time.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss'Z'}}"}""");

        time.Advance(TimeSpan.FromMinutes(11));

        await server.UntilAsync(Core, list => Names(list) is ["again"]);
        time.Advance(TimeSpan.FromMinutes(50));
        await server.UntilAsync(Core, list => Names(list) is []);
    }

    private static string[] Names(JsonObject list) => [.. list["items"]!.AsArray().Select(item => (string)item!["metadata"]!["name"]!)];
}
