using System.Net.WebSockets;
using Dataplane.Hosting.Spdy;
using Dataplane.Kubelet.Tests.Lifecycle;

namespace Dataplane.Kubelet.Tests.Streaming;

/// <summary>Connections to pods as clients of the API server make them.</summary>
internal static class StreamClient
{
    /// <summary>Opens a WebSocket.</summary>
    /// <param name="fixture">The cluster.</param>
    /// <param name="protocol">Empty for none.</param>
    /// <param name="path">Below the namespace's pods: <c>NAME/exec?...</c>.</param>
    internal static async Task<ClientWebSocket> SocketAsync(NodeFixture fixture, string protocol, string path)
    {
        var client = new ClientWebSocket();
        if (protocol.Length > 0)
        {
            client.Options.AddSubProtocol(protocol);
        }

        client.Options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        client.Options.SetRequestHeader("Authorization", $"Bearer {fixture.KubeConfig.Token}");
        await client.ConnectAsync(new UriBuilder(Address(fixture, path)) { Scheme = "wss" }.Uri, TestContext.Current.CancellationToken);
        return client;
    }

    /// <summary>Asks for an upgrade; the answer is the connection when it is 101.</summary>
    internal static async Task<HttpResponseMessage> UpgradeAsync(NodeFixture fixture, HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, Address(fixture, path));
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {fixture.KubeConfig.Token}");

        // A new one for each test's connection, which is the connection's owner from then on.
        var http = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true } });
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    internal static async Task<SpdySession> SpdyAsync(NodeFixture fixture, string path, string protocol)
    {
        var answer = await UpgradeAsync(
            fixture, HttpMethod.Post, path, ("Connection", "Upgrade"), ("Upgrade", "SPDY/3.1"), ("X-Stream-Protocol-Version", protocol));
        Assert.Equal((101, protocol), ((int)answer.StatusCode, answer.Headers.GetValues("X-Stream-Protocol-Version").Single()));
        return Session(await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>SPDY in the messages of a WebSocket, made by hand: ClientWebSocket refuses the name of its protocol.</summary>
    internal static async Task<SpdySession> TunnelAsync(NodeFixture fixture, string path)
    {
        const string protocol = "SPDY/3.1+portforward.k8s.io";
        var answer = await UpgradeAsync(
            fixture, HttpMethod.Get, path, ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", Convert.ToBase64String(new byte[16])), ("Sec-WebSocket-Protocol", protocol));
        Assert.Equal((101, protocol), ((int)answer.StatusCode, answer.Headers.GetValues("Sec-WebSocket-Protocol").Single()));
        var stream = await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = false });
        return Session(WebSocketStream.Create(socket, WebSocketMessageType.Binary, ownsWebSocket: true));
    }

    private static Uri Address(NodeFixture fixture, string path) => new(fixture.KubeConfig.Server, $"api/v1/namespaces/default/pods/{path}");

    private static SpdySession Session(Stream transport) => new(transport, new SpdySessionOptions { IsServer = false });
}
