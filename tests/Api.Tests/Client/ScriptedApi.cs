using System.Net;
using System.Text;
using Dataplane.Api.Client;

namespace Dataplane.Api.Tests.Client;

/// <summary>An API server that gives scripted answers in order and then keeps the next request waiting for ever.</summary>
internal sealed class ScriptedApi : HttpMessageHandler
{
    private readonly Queue<Func<HttpResponseMessage>> _script = new();
    private readonly List<string> _requests = [];
    private readonly Lock _gate = new();

    /// <summary>Method, path and query (without watch timeouts, which are random), then the body where there is one.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_gate)
            {
                return [.. _requests];
            }
        }
    }

    public KubernetesClient Client() => new(new Uri("http://api.test/"), this);

    public ScriptedApi Answer(string json, HttpStatusCode status = HttpStatusCode.OK) => Add(() => Json(json, status));

    public ScriptedApi Fail() => Add(() => throw new HttpRequestException("connection refused"));

    public ScriptedApi List(string version, params string[] objects) => ListChunk(version, null, objects);

    public ScriptedApi ListChunk(string version, string? next, params string[] objects) =>
        Answer($$"""{"metadata":{"resourceVersion":"{{version}}"{{(next is null ? "" : $",\"continue\":\"{next}\"")}}},"items":[{{string.Join(',', objects)}}]}""");

    public ScriptedApi Expired(string message) =>
        Answer($$"""{"kind":"Status","status":"Failure","message":"{{message}}","reason":"Expired","code":410}""", HttpStatusCode.Gone);

    /// <summary>A watch that sends these lines and ends; without a newline at the end it breaks off.</summary>
    public ScriptedApi Watch(params string[] lines) => Add(() => Json(string.Concat(lines), HttpStatusCode.OK));

    /// <summary>A watch that sends these lines and whose connection then fails.</summary>
    public ScriptedApi BrokenWatch(params string[] lines) => Add(() =>
        new HttpResponseMessage { Content = new StreamContent(new BreakingStream(Encoding.UTF8.GetBytes(string.Concat(lines)))) });

    public static string Pod(string name, string version, string uid = "") =>
        $$$"""{"metadata":{"namespace":"default","name":"{{{name}}}","uid":"{{{(uid.Length > 0 ? uid : name)}}}","resourceVersion":"{{{version}}}"}}""";

    public static string Event(string type, string obj) => $"{{\"type\":\"{type}\",\"object\":{obj}}}\n";

    public static string Bookmark(string version) => Event("BOOKMARK", $$$"""{"metadata":{"resourceVersion":"{{{version}}}"}}""");

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? "" : " " + await request.Content.ReadAsStringAsync(cancellationToken);
        Func<HttpResponseMessage>? answer;
        lock (_gate)
        {
            _requests.Add($"{request.Method} {WithoutTimeout(request.RequestUri!.PathAndQuery)}{body}");
            _script.TryDequeue(out answer);
        }

        if (answer is null)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        var response = answer!();
        response.RequestMessage = request;
        return response;
    }

    private static string WithoutTimeout(string path)
    {
        var timeout = path.IndexOf("&timeoutSeconds=", StringComparison.Ordinal);
        return timeout < 0 ? path : path[..timeout];
    }

    private static HttpResponseMessage Json(string json, HttpStatusCode status) =>
        new(status) { Content = new StringContent(json, Encoding.UTF8, "application/json") };

    private ScriptedApi Add(Func<HttpResponseMessage> answer)
    {
        _script.Enqueue(answer);
        return this;
    }
}

/// <summary>Gives its content and then fails as a reset connection does.</summary>
internal sealed class BreakingStream(byte[] content) : MemoryStream(content)
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        await base.ReadAsync(buffer, cancellationToken) is > 0 and var read ? read : throw new IOException("connection reset by peer");
}

/// <summary>Time in which every delay is over at once; the delays asked for are kept.</summary>
internal sealed class ImpatientTime : TimeProvider
{
    private readonly List<TimeSpan> _delays = [];
    private readonly Lock _gate = new();

    public IReadOnlyList<TimeSpan> Delays
    {
        get
        {
            lock (_gate)
            {
                return [.. _delays];
            }
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        lock (_gate)
        {
            _delays.Add(dueTime);
        }

        return System.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
