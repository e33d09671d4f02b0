using System.Net;
using Dataplane.Api.Client;

namespace Dataplane.Api.Tests.Client;

public sealed class KubernetesClientTests
{
    private static readonly NamespacedName Web = new("prod", "web");
    private readonly ScriptedApi _api = new();

    public static TheoryData<string, Func<KubernetesClient, Task>> Requests => new()
    {
        { "GET /api/v1/namespaces/prod/services/web", client => client.GetAsync<Service>("prod", "web") },
        { "GET /api/v1/nodes/n1", client => client.GetAsync<Node>("", "n1") },
        { "GET /apis/apps/v1/deployments", client => client.ListAsync<Deployment>() },
        {
            """POST /api/v1/namespaces/prod/configmaps {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"web","namespace":"prod"},"data":{"a":"1"}}""",
            client => client.CreateAsync(new ConfigMap { Metadata = new ObjectMeta { Name = "web", Namespace = "prod" }, Data = { ["a"] = "1" } })
        },
        {
            """PUT /apis/coordination.k8s.io/v1/namespaces/prod/leases/web {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"web","namespace":"prod"},"spec":{}}""",
            client => client.UpdateAsync(new Lease { Metadata = new ObjectMeta { Name = "web", Namespace = "prod" } })
        },
        {
            """PUT /api/v1/namespaces/prod/status {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"prod"},"spec":{},"status":{"phase":"Active"}}""",
            client => client.UpdateStatusAsync(new Namespace { Metadata = new ObjectMeta { Name = "prod" }, Status = new NamespaceStatus { Phase = "Active" } })
        },
        { "PATCH /api/v1/namespaces/prod/pods/web/status {}", client => client.PatchAsync<Pod>(Web, PatchType.StrategicMerge, "{}"u8.ToArray(), "status") },
        {
            """DELETE /api/v1/namespaces/prod/pods/web {"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,"preconditions":{"uid":"u"}}""",
            client => client.DeleteAsync<Pod>(Web, new DeleteOptions { GracePeriodSeconds = 0, Preconditions = new Preconditions { UID = "u" } })
        },
        {
            """POST /api/v1/namespaces/prod/pods/web/binding {"apiVersion":"v1","kind":"Binding","metadata":{},"target":{"kind":"Node","name":"n1"}}""",
            client => client.PostAsync(Pod.Resource, Web, "binding", new Binding { Target = new ObjectReference { Kind = "Node", Name = "n1" } })
        },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Sends(string request, Func<KubernetesClient, Task> call)
    {
        _api.Answer("""{"metadata":{}}""");
        using var client = _api.Client();

        await call(client);

        Assert.Equal(request, Assert.Single(_api.Requests));
    }

    [Theory]
    [InlineData(false, typeof(HttpRequestException))]
    [InlineData(true, typeof(TaskCanceledException))]
    public async Task No_answer_in_time_is_told_from_the_callers_cancellation(bool cancelled, Type expected)
    {
        using var client = new KubernetesClient(new Uri("http://silent"), new SilentServer());

        var error = await Record.ExceptionAsync(() => client.GetAsync<Pod>(Web, new CancellationToken(cancelled)));

        Assert.IsType(expected, error);
    }

    /// <summary>What <see cref="HttpClient"/> does when its time is over.</summary>
    private sealed class SilentServer : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new TaskCanceledException("", new TimeoutException());
    }

    /// <summary>A list is read while it comes in: that it began to come is no answer yet.</summary>
    [Fact]
    public async Task A_list_that_breaks_off_fails_like_any_request()
    {
        _api.BrokenWatch("""{"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"a"}},""");
        using var client = _api.Client();

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => client.ListAsync<Pod>());

        Assert.Equal("GET http://api.test/api/v1/pods: connection reset by peer", error.Message);
    }

    [Fact]
    public async Task A_status_becomes_an_exception()
    {
        _api.Answer("""{"kind":"Status","status":"Failure","message":"pods \"web\" not found","reason":"NotFound","details":{"name":"web"},"code":404}""", HttpStatusCode.NotFound);
        using var client = _api.Client();

        var error = await Assert.ThrowsAsync<ApiException>(() => client.GetAsync<Pod>(Web));

        Assert.Equal("pods \"web\" not found", error.Message);
        Assert.True(error.IsNotFound);
        Assert.Equal("web", error.Status.Details?.Name);
    }

    [Fact]
    public async Task An_answer_that_is_no_status_is_told_by_its_http_status()
    {
        _api.Answer("<html>\nbad gateway</html>", HttpStatusCode.BadGateway);
        using var client = _api.Client();

        var error = await Assert.ThrowsAsync<ApiException>(() => client.GetAsync<Pod>(Web));

        Assert.Equal("GET http://api.test/api/v1/namespaces/prod/pods/web: 502 Bad Gateway <html> bad gateway</html>", error.Message);
    }

    [Fact]
    public async Task A_watch_reads_members_in_any_order()
    {
        _api.Watch("""{"object":{"metadata":{"name":"a"}},"type":"ADDED"}""" + "\n\n", """{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}""" + "\n");
        using var client = _api.Client();

        var events = await client.WatchAsync<Pod>(new WatchOptions()).ToListAsync();

        Assert.Equal([WatchEventType.Added, WatchEventType.Bookmark], events.Select(change => change.Type));
        Assert.Equal("7", events[1].Object.Metadata.ResourceVersion);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("""{"type":"ADDED"}""")]
    [InlineData("""{"type":"ODD","object":{}}""")]
    [InlineData("""{"type":"ADDED","object":null}""")]
    public async Task A_line_that_is_no_event_is_refused(string line)
    {
        _api.Watch(line + "\n");
        using var client = _api.Client();

        await Assert.ThrowsAsync<System.Text.Json.JsonException>(async () => await client.WatchAsync<Pod>(new WatchOptions()).ToListAsync());
    }
}
