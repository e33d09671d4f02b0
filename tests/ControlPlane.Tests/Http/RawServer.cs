using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.ControlPlane.Tests.Http;

/// <summary>A control plane in memory, spoken to without any client library: what is on the wire is what is tested.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly ControlPlaneServer _server;

    private RawServer(ControlPlaneServer server)
    {
        _server = server;
        Http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        })
        {
            BaseAddress = server.KubeConfig.Server,
        };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.KubeConfig.Token);
    }

    public HttpClient Http { get; }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<RawServer> StartAsync(Dialer? podDialer = null, int history = 8192) => new(await ControlPlaneServer.StartAsync(
        new ControlPlaneOptions
        {
            Store = "memory",
            Listen = [new ListenAddress(new IPEndPoint(IPAddress.Loopback, 0))],
            PodDialer = podDialer,
            MemoryHistory = history,
        },
        NullLoggerFactory.Instance,
        Cancellation));

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? accept = null, string? body = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(type));
        }

        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
    }

    /// <summary>The object at a path; the answer must have the code.</summary>
    public async Task<JsonObject> GetAsync(string path, string? accept = null, int code = 200)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, accept);
        return await ReadAsync(answer, code);
    }

    /// <summary>Opens a watch; the answer must be 200.</summary>
    public async Task<RawWatch> WatchAsync(string path, string? accept = null)
    {
        var answer = await SendAsync(HttpMethod.Get, path, accept);
        Assert.Equal(200, (int)answer.StatusCode);
        return new RawWatch(answer, await answer.Content.ReadAsStreamAsync(Cancellation));
    }

    public async Task<JsonObject> WriteAsync(HttpMethod method, string path, string body, string type = "application/json")
    {
        using var answer = await SendAsync(method, path, body: body, type: type);
        var text = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.True(answer.IsSuccessStatusCode, text);
        return (JsonObject)JsonNode.Parse(text)!;
    }

    public Task<JsonObject> CreateAsync(string path, string body) => WriteAsync(HttpMethod.Post, path, body);

    /// <summary>A ConfigMap in the namespace default.</summary>
    /// <returns>Its resourceVersion.</returns>
    public async Task<long> CreateConfigMapAsync(string name, string label = "a") => Version(await CreateAsync(
        "/api/v1/namespaces/default/configmaps", $$$"""{"metadata":{"name":"{{{name}}}","labels":{"l":"{{{label}}}"}},"data":{"k":"v"}}"""));

    public static long Version(JsonObject obj) => long.Parse((string)obj["metadata"]!["resourceVersion"]!);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _server.DisposeAsync();
    }

    private static async Task<JsonObject> ReadAsync(HttpResponseMessage answer, int code)
    {
        var text = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.True((int)answer.StatusCode == code, $"{(int)answer.StatusCode}: {text}");
        return (JsonObject)JsonNode.Parse(text)!;
    }
}
