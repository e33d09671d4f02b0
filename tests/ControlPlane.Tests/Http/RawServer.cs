using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
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

    /// <summary>A copy of the administrator's certificate.</summary>
    public X509Certificate2 Administrator => new(_server.KubeConfig.ClientCertificate!);

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<RawServer> StartAsync(Dialer? podDialer = null, int history = 8192, TimeProvider? time = null, bool controllers = true, ILoggerFactory? loggers = null,
        Func<ControlPlaneOptions, ControlPlaneOptions>? configure = null) => new(await ControlPlaneServer.StartAsync(
        (configure ?? (options => options))(new ControlPlaneOptions
        {
            Store = "memory",
            Listen = [new ListenAddress(new IPEndPoint(IPAddress.Loopback, 0))],
            PodDialer = podDialer,
            MemoryHistory = history,
            Controllers = controllers,
            Time = time ?? TimeProvider.System,
        }),
        loggers ?? NullLoggerFactory.Instance,
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

    /// <summary>Sends YAML (or JSON) to a collection or a subresource that may refuse it.</summary>
    public async Task<(int Code, JsonObject Answer)> TryCreateAsync(string path, string yaml)
    {
        using var answer = await SendAsync(HttpMethod.Post, path, body: yaml, type: "application/yaml");
        return ((int)answer.StatusCode, (JsonObject)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancellation))!);
    }

    /// <summary>Creates an object from YAML; a refusal fails the test.</summary>
    public async Task<JsonObject> CreateYamlAsync(string path, string yaml)
    {
        var (code, answer) = await TryCreateAsync(path, yaml);
        Assert.True(code is 200 or 201, $"{code}: {answer}");
        return answer;
    }

    /// <summary>Merges a patch into an object.</summary>
    public Task<JsonObject> PatchAsync(string path, string patch) => WriteAsync(HttpMethod.Patch, path, patch, "application/merge-patch+json");

    public async Task DeleteAsync(string path)
    {
        using var answer = await SendAsync(HttpMethod.Delete, path);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
    }

    /// <summary>The object at a path once it is as wanted; a path without an object reads as an empty one.</summary>
    public async Task<JsonObject> UntilAsync(string path, Func<JsonObject, bool> wanted, string what = "")
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(TimeSpan.FromMinutes(2));
        for (var last = new JsonObject(); ;)
        {
            using var answer = await SendAsync(HttpMethod.Get, path);
            last = answer.IsSuccessStatusCode ? (JsonObject)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancellation))! : [];
            if (wanted(last))
            {
                return last;
            }

            Assert.False(deadline.IsCancellationRequested, $"{what} {path} did not become as wanted: {last}");
            await Task.Delay(10, Cancellation);
        }
    }

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
