using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Tests.Http;
using Dataplane.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Dataplane.ControlPlane.Tests.Proxying;

/// <summary>The proxy subresources in front of an application that says what it was asked.</summary>
public sealed class ProxyTests : IAsyncLifetime
{
    private static readonly IPEndPoint PodEndPoint = IPEndPoint.Parse("10.244.1.5:8080");

    private readonly List<IPEndPoint> _dialed = [];
    private HttpEndpoint _application = null!;
    private RawServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _application = await HttpEndpoint.StartAsync(new HttpEndpointOptions { Address = new IPEndPoint(IPAddress.Loopback, 0) }, AnswerAsync);
        _server = await RawServer.StartAsync(podDialer: DialAsync);
        await _server.CreateAsync(
            "/api/v1/namespaces/default/pods",
            """{"metadata":{"name":"web"},"spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":8080}]}]}}""");
        await _server.WriteAsync(
            HttpMethod.Patch,
            "/api/v1/namespaces/default/pods/web/status",
            """{"status":{"phase":"Running","podIP":"10.244.1.5","podIPs":[{"ip":"10.244.1.5"}]}}""",
            "application/merge-patch+json");
        await _server.CreateAsync(
            "/api/v1/namespaces/default/services", """{"metadata":{"name":"web"},"spec":{"ports":[{"name":"http","port":80,"targetPort":8080}]}}""");
        await CreateSliceAsync("web-ready", "10.244.1.5", ready: true);
        await CreateSliceAsync("web-unready", "10.244.1.5", ready: false);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _application.DisposeAsync();
    }

    [Theory]
    [InlineData("/api/v1/namespaces/default/services/web:http/proxy/a%2Fb/./c?q=1%202", "/a%2Fb/./c?q=1%202")]
    [InlineData("/api/v1/namespaces/default/services/web:80/proxy/", "/")]
    [InlineData("/api/v1/namespaces/default/services/http:web:http/proxy/x", "/x")]
    [InlineData("/api/v1/namespaces/default/pods/web/proxy/x", "/x")]
    [InlineData("/api/v1/namespaces/default/pods/web:8080/proxy/x/", "/x/")]
    [InlineData("/api/v1/proxy/namespaces/default/services/web:http/x", "/x")]
    [InlineData("/api/v1/proxy/namespaces/default/pods/web/x", "/x")]
    public async Task APathIsPassedOnAsItWasWritten(string path, string seen)
    {
        using var answer = await SendVerbatimAsync(HttpMethod.Get, path);
        var text = await answer.Content.ReadAsStringAsync(RawServer.Cancellation);
        Assert.True(answer.IsSuccessStatusCode, text);
        Assert.StartsWith($"GET {seen} auth= uri={path.Split('?')[0]}", text, StringComparison.Ordinal);
        Assert.Equal(PodEndPoint, Assert.Single(_dialed));
    }

    [Fact]
    public async Task MethodAndBodyArePassedOnAndTheAnswerComesBackWithItsCodeAndHeaders()
    {
        using var answer = await _server.SendAsync(HttpMethod.Delete, "/api/v1/namespaces/default/services/web:http/proxy/teapot", body: "{}");
        Assert.Equal(418, (int)answer.StatusCode);
        Assert.Equal("yes", Assert.Single(answer.Headers.GetValues("X-Application")));
        Assert.StartsWith("DELETE /teapot", await answer.Content.ReadAsStringAsync(RawServer.Cancellation), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("services/web:http/proxy", "/api/v1/namespaces/default/services/web:http/proxy/")]
    [InlineData("services/web:http/proxy?x=1", "/api/v1/namespaces/default/services/web:http/proxy/?x=1")]
    [InlineData("services/web:http/proxy/redirect", "/api/v1/namespaces/default/services/web:http/proxy/elsewhere?y=2")]
    public async Task ARedirectLeadsBackThroughTheProxy(string path, string location)
    {
        using var answer = await _server.SendAsync(HttpMethod.Get, "/api/v1/namespaces/default/" + path);
        Assert.Equal(301, (int)answer.StatusCode);
        Assert.Equal(location, answer.Headers.Location?.OriginalString);
    }

    [Theory]
    [InlineData("services/none/proxy/", 404, "services \"none\" not found")]
    [InlineData("services/web/proxy/", 503, "no endpoints available for service \"web\"")]
    [InlineData("services/web:81/proxy/", 503, "no service port 81 found for service \"web\"")]
    [InlineData("services/ftp:web:80/proxy/", 400, "invalid service request \"ftp:web:80\"")]
    [InlineData("pods/none/proxy/", 404, "pods \"none\" not found")]
    [InlineData("pods/web:x/proxy/", 400, "invalid port \"x\"")]
    [InlineData("pods/web:9/proxy/", 503, "error trying to reach service: dial tcp 10.244.1.5:9: connect: connection refused")]
    public async Task AFailureIsAStatus(string path, int code, string message) =>
        Assert.Equal(message, (string?)(await _server.GetAsync("/api/v1/namespaces/default/" + path, code: code))["message"]);

    [Fact]
    public async Task AnAddressThatIsNoPodsOwnIsNotReached()
    {
        await _server.CreateAsync("/api/v1/namespaces/default/services", """{"metadata":{"name":"trick"},"spec":{"ports":[{"port":80}]}}""");
        await _server.CreateAsync("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", Slice("trick", "trick", "172.30.0.1", ready: true, port: ""));
        var answer = await _server.GetAsync("/api/v1/namespaces/default/services/trick/proxy/", code: 503);
        Assert.Equal("no endpoints available for service \"trick\"", (string?)answer["message"]);
        Assert.Empty(_dialed);
    }

    [Fact]
    public async Task AWebSocketGoesThrough()
    {
        using var socket = new ClientWebSocket();
        socket.Options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        socket.Options.SetRequestHeader("Authorization", _server.Http.DefaultRequestHeaders.Authorization!.ToString());
        var uri = new UriBuilder(new Uri(_server.Http.BaseAddress!, "/api/v1/namespaces/default/services/web:http/proxy/echo")) { Scheme = "wss" }.Uri;
        await socket.ConnectAsync(uri, RawServer.Cancellation);
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, RawServer.Cancellation);
        var buffer = new byte[64];
        var received = await socket.ReceiveAsync(buffer, RawServer.Cancellation);
        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, received.Count));
    }

    private async Task CreateSliceAsync(string name, string address, bool ready) =>
        await _server.CreateAsync("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", Slice(name, "web", address, ready, "http"));

    private static string Slice(string name, string service, string address, bool ready, string port) => new JsonObject
    {
        ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = service } },
        ["addressType"] = "IPv4",
        ["ports"] = new JsonArray(new JsonObject { ["name"] = port, ["port"] = ready ? 8080 : 9, ["protocol"] = "TCP" }),
        ["endpoints"] = new JsonArray(new JsonObject
        {
            ["addresses"] = new JsonArray(address),
            ["conditions"] = new JsonObject { ["ready"] = ready },
            ["targetRef"] = new JsonObject { ["kind"] = "Pod", ["namespace"] = "default", ["name"] = "web" },
        }),
    }.ToJsonString();

    private Task<HttpResponseMessage> SendVerbatimAsync(HttpMethod method, string path)
    {
        var uri = new Uri(_server.Http.BaseAddress!.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        return _server.Http.SendAsync(new HttpRequestMessage(method, uri), RawServer.Cancellation);
    }

    private async ValueTask<Stream> DialAsync(IPEndPoint target, CancellationToken cancellation)
    {
        _dialed.Add(target);
        if (!target.Equals(PodEndPoint))
        {
            throw new SocketException((int)SocketError.ConnectionRefused);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_application.LocalEndPoint, cancellation);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static async Task AnswerAsync(HttpContext http)
    {
        var target = http.Features.Get<IHttpRequestFeature>()!.RawTarget;
        switch (target)
        {
            case "/echo":
                await EchoAsync(http);
                return;
            case "/redirect":
                http.Response.StatusCode = 301;
                http.Response.Headers.Location = "/elsewhere?y=2";
                return;
            case "/teapot":
                http.Response.StatusCode = 418;
                break;
        }

        http.Response.Headers["X-Application"] = "yes";
        var headers = http.Request.Headers;
        await http.Response.WriteAsync($"{http.Request.Method} {target} auth={headers.Authorization} uri={headers["X-Forwarded-Uri"]}");
    }

    private static async Task EchoAsync(HttpContext http)
    {
        http.Response.Headers.Upgrade = "websocket";
        http.Response.Headers.Connection = "Upgrade";
        var accept = System.Security.Cryptography.SHA1.HashData(
            Encoding.ASCII.GetBytes(http.Request.Headers.SecWebSocketKey + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
        http.Response.Headers.SecWebSocketAccept = Convert.ToBase64String(accept);
        await using var stream = await http.Features.Get<IHttpUpgradeFeature>()!.UpgradeAsync();
        using var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true });
        var buffer = new byte[64];
        var received = await socket.ReceiveAsync(buffer, http.RequestAborted);
        await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, true, http.RequestAborted);
    }
}
