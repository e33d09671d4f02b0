using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Dataplane.Kubelet.Tests.Lifecycle;
using static Dataplane.Kubelet.Tests.Lifecycle.NodeFixture;

namespace Dataplane.Kubelet.Tests.Streaming;

/// <summary>exec as a client of the WebSocket protocol sees it, through the API server and the agent.</summary>
public sealed class ExecTests(NodeFixture fixture) : IClassFixture<NodeFixture>, IAsyncLifetime
{
    public async ValueTask InitializeAsync()
    {
        await fixture.CreateAsync(Pod("exec", Shell("main", "mkdir /only-here; sleep 1000")));
        await fixture.WaitAsync("exec", one => one.Status.Phase == "Running");
    }

    public async ValueTask DisposeAsync()
    {
        await fixture.Client.DeleteAsync<Api.Pod>(new Api.NamespacedName("default", "exec"));
        await fixture.WaitGoneAsync("exec");
    }

    [Fact]
    public async Task OutputErrorAndExitCodeComeOnTheirChannels()
    {
        using var client = await ConnectAsync("v5.channel.k8s.io", "stdout=true&stderr=true", "ls -d /only-here; echo bad >&2; exit 7");
        var (output, error, status) = await ReadAsync(client);
        Assert.Equal(("/only-here\n", "bad\n"), (output, error));
        Assert.Equal("NonZeroExitCode", (string?)status["reason"]);
        Assert.Equal("""[{"reason":"ExitCode","message":"7"}]""", status["details"]!["causes"]!.ToJsonString());
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
    }

    [Theory]
    [InlineData("v5.channel.k8s.io", "cat")]
    [InlineData("v4.channel.k8s.io", "head -c 6")]
    public async Task InputMayComeInPartsAndEnds(string protocol, string script)
    {
        using var client = await ConnectAsync(protocol, "stdin=true&stdout=true", script);
        Assert.Equal(protocol, client.SubProtocol);
        await client.SendAsync(new byte[] { 0, (byte)'a', (byte)'b' }, WebSocketMessageType.Binary, endOfMessage: false, default);
        await client.SendAsync("cd"u8.ToArray(), WebSocketMessageType.Binary, endOfMessage: true, default);
        await client.SendAsync(new byte[] { 0, (byte)'e', (byte)'\n' }, WebSocketMessageType.Binary, endOfMessage: true, default);
        await client.SendAsync(new byte[] { 0, (byte)'!' }, WebSocketMessageType.Binary, endOfMessage: true, default);
        await client.SendAsync(new byte[] { 255, 0 }, WebSocketMessageType.Binary, endOfMessage: true, default);
        var (output, _, status) = await ReadAsync(client);
        Assert.Equal(protocol.StartsWith("v5", StringComparison.Ordinal) ? "abcde\n!" : "abcde\n", output);
        Assert.Equal("Success", (string?)status["status"]);
    }

    [Fact]
    public async Task MuchOutputArrivesWhole()
    {
        using var client = await ConnectAsync("v5.channel.k8s.io", "stdout=true", "head -c 3000000 /dev/zero");
        var (output, _, status) = await ReadAsync(client);
        Assert.Equal(3_000_000, output.Length);
        Assert.Equal("Success", (string?)status["status"]);
    }

    [Fact]
    public async Task AProgramThatIsNotThereIsAnInternalErrorOfTheSession()
    {
        using var client = await ConnectAsync("v5.channel.k8s.io", "stdout=true&command=no-such-program", null);
        var (_, _, status) = await ReadAsync(client);
        Assert.Equal("InternalError", (string?)status["reason"]);
        Assert.Contains("executable file not found in $PATH", (string?)status["message"]);
    }

    private async Task<ClientWebSocket> ConnectAsync(string protocol, string query, string? script)
    {
        var client = new ClientWebSocket();
        client.Options.AddSubProtocol(protocol);
        client.Options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        client.Options.SetRequestHeader("Authorization", $"Bearer {fixture.KubeConfig.Token}");
        var command = script is null ? "" : $"&command=/bin/sh&command=-c&command={Uri.EscapeDataString(script)}";
        var path = new Uri(fixture.KubeConfig.Server, $"api/v1/namespaces/default/pods/exec/exec?{query}{command}");
        await client.ConnectAsync(new UriBuilder(path) { Scheme = "wss" }.Uri, TestContext.Current.CancellationToken);
        return client;
    }

    private static async Task<(string Output, string Error, JsonNode Status)> ReadAsync(ClientWebSocket client)
    {
        var channels = new MemoryStream[] { new(), new(), new(), new() };
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var message = new MemoryStream();
            ValueWebSocketReceiveResult part;
            do
            {
                part = await client.ReceiveAsync(buffer.AsMemory(), TestContext.Current.CancellationToken);
                message.Write(buffer, 0, part.Count);
            }
            while (!part.EndOfMessage);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, TestContext.Current.CancellationToken);
                return (Text(1), Text(2), JsonNode.Parse(Text(3))!);
            }

            channels[message.GetBuffer()[0]].Write(message.ToArray().AsSpan(1));
        }

        string Text(int channel) => Encoding.UTF8.GetString(channels[channel].ToArray());
    }
}
