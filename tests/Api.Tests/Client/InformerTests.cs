using System.Threading.Channels;
using Dataplane.Api.Client;
using Microsoft.Extensions.Logging.Abstractions;
using static Dataplane.Api.Tests.Client.ScriptedApi;

namespace Dataplane.Api.Tests.Client;

public sealed class InformerTests
{
    private const string ListRequest = "GET /api/v1/pods?limit=500";
    private readonly ScriptedApi _api = new();
    private readonly ImpatientTime _time = new();

    [Fact]
    public async Task Lists_in_chunks_then_watches_from_the_lists_version()
    {
        _api.ListChunk("10", "more", Pod("a", "1")).List("10", Pod("b", "2"))
            .Watch(Event("ADDED", Pod("c", "11")), Event("MODIFIED", Pod("a", "12")), Event("DELETED", Pod("b", "13")));

        var changes = await RunAsync(changes: 5, requests: 4);

        Assert.Equal(["Added a@1", "Added b@2"], changes.Take(2).Order());
        Assert.Equal(["Added c@11", "Updated a@1->12", "Deleted b@13"], changes.Skip(2));
        Assert.Equal([ListRequest, ListRequest + "&continue=more", WatchFrom("10"), WatchFrom("13")], _api.Requests.Take(4));
    }

    [Fact]
    public async Task A_bookmark_moves_the_version_on()
    {
        _api.List("10").Watch(Bookmark("25")).List("1");

        await RunAsync(changes: 0, requests: 3);

        Assert.Equal(WatchFrom("25"), _api.Requests[2]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_broken_watch_resumes_from_the_last_event(bool inTheMiddleOfALine)
    {
        _api.List("10", Pod("a", "1"));
        if (inTheMiddleOfALine)
        {
            _api.Watch(Event("MODIFIED", Pod("a", "11")), """{"type":"ADDED","obj""");
        }
        else
        {
            _api.BrokenWatch(Event("MODIFIED", Pod("a", "11")));
        }

        _api.Watch(Event("MODIFIED", Pod("a", "12")));

        var changes = await RunAsync(changes: 3, requests: 3);

        Assert.Equal(["Added a@1", "Updated a@1->11", "Updated a@11->12"], changes);
        Assert.Equal(WatchFrom("11"), _api.Requests[2]);
    }

    [Fact]
    public async Task A_watch_that_goes_back_in_time_changes_nothing_a_list_does()
    {
        _api.List("10", Pod("a", "7"), Pod("reborn", "8", uid: "first"))
            .Watch(
                Event("MODIFIED", Pod("a", "6")), Event("DELETED", Pod("a", "6")), Event("ADDED", Pod("reborn", "5", uid: "second")), Event("MODIFIED", Pod("a", "11")),
                Event("ERROR", """{"kind":"Status","message":"too old resource version","reason":"Expired","code":410}"""))
            .List("4", Pod("a", "3"));

        var changes = await RunAsync(changes: 7, requests: 4);

        Assert.Equal(["Deleted reborn@8", "Added reborn@5", "Updated a@7->11"], changes.Skip(2).Take(3));
        Assert.Equal(["Deleted reborn@5", "Updated a@11->3"], changes.Skip(5));
    }

    [Fact]
    public async Task An_expired_version_lists_again_and_tells_of_unseen_deletions()
    {
        _api.List("10", Pod("stays", "1"), Pod("changes", "2"), Pod("goes", "3"), Pod("reborn", "4", uid: "first"))
            .Watch(Event("ERROR", """{"kind":"Status","message":"too old resource version","reason":"Expired","code":410}"""))
            .List("90", Pod("stays", "1"), Pod("changes", "50"), Pod("comes", "60"), Pod("reborn", "70", uid: "second"));

        var changes = await RunAsync(changes: 9, requests: 4);

        Assert.Equal(
            ["Added comes@60", "Added reborn@70", "Deleted goes@3", "Deleted reborn@4", "Updated changes@2->50"],
            changes.Skip(4).Order(StringComparer.Ordinal));
        Assert.True(changes.IndexOf("Deleted reborn@4") < changes.IndexOf("Added reborn@70"));
        Assert.Equal(WatchFrom("90"), _api.Requests[3]);
    }

    [Fact]
    public async Task An_expired_chunk_is_followed_by_one_whole_list()
    {
        _api.ListChunk("10", "more", Pod("gone-since", "1")).Expired("continue token too old").List("20", Pod("a", "15"));

        var changes = await RunAsync(changes: 1, requests: 4);

        Assert.Equal(["Added a@15"], changes);
        Assert.Equal("GET /api/v1/pods", _api.Requests[2]);
    }

    [Fact]
    public async Task An_informer_that_keeps_versions_alone_tells_of_the_same_changes()
    {
        const string First = "11111111-1111-1111-1111-111111111111", Second = "22222222-2222-2222-2222-222222222222";
        _api.ListChunk("10", "more", Pod("stays", "1"), Pod("changes", "2")).List("10", Pod("goes", "3"), Pod("reborn", "4", uid: First))
            .Watch(
                Event("MODIFIED", Pod("stays", "0")), Event("MODIFIED", Pod("stays", "20")), Event("ADDED", Pod("seen", "21")), Event("DELETED", Pod("seen", "22")),
                Event("ERROR", """{"kind":"Status","message":"too old resource version","reason":"Expired","code":410}"""))
            .ListChunk("80", "more", Pod("never", "1")).Expired("continue token too old")
            .List("90", Pod("stays", "20"), Pod("changes", "50"), Pod("reborn", "70", uid: Second));

        var changes = await RunAsync(changes: 13, requests: 7, versionsOnly: true);

        Assert.Equal(
            [
                "Added stays@1", "Added changes@2", "Added goes@3", "Added reborn@4", "Updated stays@20", "Added seen@21", "Deleted seen@22",
                "Added never@1", "Updated changes@50", "Deleted reborn", "Added reborn@70", "Deleted goes", "Deleted never",
            ],
            [.. changes.Take(11), .. changes.Skip(11).Order(StringComparer.Ordinal)]);
    }

    [Fact]
    public async Task Failures_are_retried_with_growing_delays()
    {
        _api.Fail().Fail().Fail().Fail().List("10", Pod("a", "1"));

        await RunAsync(changes: 1, requests: 5);

        var delays = _time.Delays.Take(4).Select(delay => delay.TotalMilliseconds).ToArray();
        Assert.All(delays.Index(), delay => Assert.InRange(delay.Item, 100 << delay.Index, 200 << delay.Index));
    }

    [Fact]
    public async Task A_failing_subscriber_leaves_the_others_and_the_copy_alone()
    {
        _api.List("10", Pod("a", "1"));
        using var client = _api.Client();
        var informer = new Informer<Pod>(client, new InformerOptions(), NullLogger.Instance, _time);
        var seen = new TaskCompletionSource();
        informer.Subscribe(_ => throw new InvalidOperationException("fault"));
        informer.Subscribe(_ => seen.SetResult());
        using var stop = new CancellationTokenSource();
        var run = informer.RunAsync(stop.Token);

        await seen.Task.WaitAsync(TestContext.Current.CancellationToken);
        await informer.WaitForSyncAsync(TestContext.Current.CancellationToken);

        Assert.True(informer.TryGet(new NamespacedName("default", "a"), out _));
        await stop.CancelAsync();
        await run;
    }

    [Fact]
    public async Task Options_become_query_parameters()
    {
        _api.List("10");
        await RunAsync(changes: 0, requests: 2, new InformerOptions { Namespace = "prod", LabelSelector = "app in (a,b)", FieldSelector = "spec.nodeName=n1", ChunkSize = 5 });

        Assert.Equal("GET /api/v1/namespaces/prod/pods?labelSelector=app%20in%20%28a%2Cb%29&fieldSelector=spec.nodeName%3Dn1&limit=5", _api.Requests[0]);
    }

    private static string WatchFrom(string version) => $"GET /api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion={version}";

    private static string Describe(InformerChange<Pod> change) => change is { Old: null, New: null } or { Type: InformerChangeType.Updated, Old: null }
        ? $"{change.Type} {change.Name.Name}{(change.New is { } found ? $"@{found.Metadata.ResourceVersion}" : "")}"
        : change.Type == InformerChangeType.Updated ? $"Updated {change.New!.Metadata.Name}@{change.Old!.Metadata.ResourceVersion}->{change.New.Metadata.ResourceVersion}"
        : $"{change.Type} {change.Object.Metadata.Name}@{change.Object.Metadata.ResourceVersion}";

    /// <summary>Runs an informer until so many changes and requests have been seen.</summary>
    private async Task<List<string>> RunAsync(int changes, int requests, InformerOptions? options = null, bool versionsOnly = false)
    {
        using var client = _api.Client();
        var informer = new Informer<Pod>(client, options ?? new InformerOptions(), NullLogger.Instance, _time) { KeepsVersionsOnly = versionsOnly };
        var seen = Channel.CreateUnbounded<string>();
        informer.Subscribe(change => seen.Writer.TryWrite(Describe(change)));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        stop.CancelAfter(TimeSpan.FromSeconds(60));
        var run = informer.RunAsync(stop.Token);
        var result = new List<string>();
        while (result.Count < changes)
        {
            result.Add(await seen.Reader.ReadAsync(stop.Token));
        }

        await informer.WaitForSyncAsync(stop.Token);
        while (_api.Requests.Count < requests)
        {
            stop.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        await stop.CancelAsync();
        await run;
        return result;
    }
}
