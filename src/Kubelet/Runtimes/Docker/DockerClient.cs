using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Dataplane.Kubelet.Runtimes.Docker;

/// <summary>
/// Calls to Docker's engine on its unix socket. Docker.DotNet does not restore where the suite is built, and the few calls that a
/// node needs are plain JSON. Source: https://docs.docker.com/reference/api/engine/version/v1.41/.
/// </summary>
internal sealed class DockerClient : IDisposable
{
    private static readonly Uri Engine = new("http://docker/");
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private readonly string _socket;
    private readonly HttpClient _http;

    internal DockerClient(string socket)
    {
        _socket = socket;
        _http = Connect(static _ => { });
    }

    /// <summary>A call that ends within two minutes.</summary>
    /// <returns>The answer; null when it has no body.</returns>
    /// <exception cref="DockerException">The engine refuses, does not answer in time or is not there.</exception>
    internal async Task<JsonNode?> CallAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Deadline);
        try
        {
            using var response = await SendAsync(method, path, body, limit.Token);
            var bytes = await response.Content.ReadAsByteArrayAsync(limit.Token);
            return bytes.Length == 0 ? null : JsonNode.Parse(bytes);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new DockerException(null, $"no answer within {Deadline.TotalSeconds:0} s");
        }
        catch (System.Text.Json.JsonException wrong)
        {
            throw new DockerException(null, $"an answer that is not JSON: {wrong.Message}", wrong);
        }
    }

    internal Task<JsonNode?> GetAsync(string path, CancellationToken cancellation) => CallAsync(HttpMethod.Get, path, null, cancellation);

    internal Task<JsonNode?> PostAsync(string path, JsonNode? body, CancellationToken cancellation) => CallAsync(HttpMethod.Post, path, body, cancellation);

    /// <summary>As <see cref="CallAsync"/>, and what is not there, or is so already, is no failure.</summary>
    internal async Task TryAsync(HttpMethod method, string path, CancellationToken cancellation)
    {
        try
        {
            await CallAsync(method, path, null, cancellation);
        }
        catch (DockerException refusal) when (refusal.Status is HttpStatusCode.NotFound or HttpStatusCode.Conflict or HttpStatusCode.NotModified)
        {
            // As wanted.
        }
    }

    /// <summary>A call whose answer is read while it comes.</summary>
    /// <inheritdoc cref="CallAsync"/>
    internal Task<HttpResponseMessage> OpenAsync(HttpMethod method, string path, CancellationToken cancellation, RegistryCredential? credential = null)
    {
        var request = Request(method, path, null);
        if (credential is not null)
        {
            // Base 64 for URLs, with padding: Base64Url leaves that away.
            var words = new JsonObject { ["username"] = credential.Username, ["password"] = credential.Password };
            request.Headers.Add("X-Registry-Auth", Convert.ToBase64String(Encoding.UTF8.GetBytes(words.ToJsonString())).Replace('+', '-').Replace('/', '_'));
        }

        return CheckedAsync(_http, request, cancellation);
    }

    /// <summary>A call after which the connection is a byte stream in both directions.</summary>
    /// <inheritdoc cref="CallAsync"/>
    internal async Task<DockerStream> UpgradeAsync(string path, JsonNode? body, bool isTerminal, CancellationToken cancellation)
    {
        Socket? socket = null;
        var http = Connect(connected => socket = connected);
        try
        {
            using var request = Request(HttpMethod.Post, path, body);
            request.Headers.Add("Connection", "Upgrade");
            request.Headers.Add("Upgrade", "tcp");
            var response = await CheckedAsync(http, request, cancellation);
            return new DockerStream(http, await response.Content.ReadAsStreamAsync(cancellation), socket!, isTerminal);
        }
        catch
        {
            http.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellation) =>
        CheckedAsync(_http, Request(method, path, body), cancellation);

    private static HttpRequestMessage Request(HttpMethod method, string path, JsonNode? body) =>
        new(method, new Uri(Engine, path)) { Content = body is null ? null : JsonContent.Create(body) };

    private static async Task<HttpResponseMessage> CheckedAsync(HttpClient http, HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if ((int)response.StatusCode < 400)
            {
                return response;
            }

            using (response)
            {
                var text = await response.Content.ReadAsStringAsync(cancellation);
                throw new DockerException(response.StatusCode, Message(text));
            }
        }
        catch (HttpRequestException gone)
        {
            throw new DockerException(null, $"Cannot connect to the Docker daemon: {gone.InnerException?.Message ?? gone.Message}", gone);
        }
    }

    private static string Message(string text)
    {
        try
        {
            return (string?)JsonNode.Parse(text)?["message"] ?? text;
        }
        catch (System.Text.Json.JsonException)
        {
            return text;
        }
    }

    private HttpClient Connect(Action<Socket> connected) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socket), cancellation);
                connected(socket);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };
}

/// <summary>The engine said no, or nothing.</summary>
/// <param name="status">Null when it did not answer.</param>
internal sealed class DockerException(HttpStatusCode? status, string message, Exception? inner = null) : IOException(message, inner)
{
    internal HttpStatusCode? Status { get; } = status;
}
