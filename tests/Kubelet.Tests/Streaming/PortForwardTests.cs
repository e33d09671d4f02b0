using System.Text;
using Dataplane.Hosting.Spdy;
using Dataplane.Kubelet.Tests.Lifecycle;
using static Dataplane.Kubelet.Tests.Lifecycle.NodeFixture;

namespace Dataplane.Kubelet.Tests.Streaming;

/// <summary>Connections to a pod's ports as clients see them, through the API server and the agent.</summary>
public sealed class PortForwardTests(NodeFixture fixture) : IClassFixture<NodeFixture>, IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        // Listens on the pod's loopback only.
        var redis = new Api.Container { Name = "redis", Image = "redis", Args = ["redis-server", "--bind", "127.0.0.1", "--save", ""] };
        redis.ReadinessProbe = new Api.Probe { Exec = new Api.ExecAction { Command = ["redis-cli", "ping"] }, PeriodSeconds = 1 };
        await fixture.CreateAsync(Pod("forward", redis));
        await fixture.WaitAsync("forward", one => one.Status.ContainerStatuses.Exists(status => status.Ready == true));
    }

    public async ValueTask DisposeAsync()
    {
        await fixture.Client.DeleteAsync<Api.Pod>(new Api.NamespacedName("default", "forward"));
        await fixture.WaitGoneAsync("forward");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ManyConnectionsShareASessionAndOneThatFailsLeavesTheOthers(bool tunnel)
    {
        await using var session = tunnel
            ? await StreamClient.TunnelAsync(fixture, "forward/portforward")
            : await StreamClient.SpdyAsync(fixture, "forward/portforward", "portforward.k8s.io");
        var run = session.RunAsync(_cancellation);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => i % 5 == 0 ? AskAsync(session, i, 6380) : AskAsync(session, i, 6379)));
        for (var i = 0; i < answers.Length; i++)
        {
            if (i % 5 == 0)
            {
                Assert.Equal("", answers[i].Data);
                Assert.Matches(
                    "^error forwarding port 6380 to pod forward, uid .*: failed to connect to localhost:6380 inside namespace \"/run/netns/dp-pod-.*\", "
                    + @"IPv4: dial tcp4 127.0.0.1:6380: connect: connection refused IPv6 dial tcp6 \[::1\]:6380: connect: connection refused$", answers[i].Error);
            }
            else
            {
                Assert.Equal(($"+PONG\r\n$2\r\n{i:d2}\r\n", ""), answers[i]);
            }
        }

        Assert.False(run.IsCompleted);
    }

    [Theory]
    [InlineData("streamtype=data;port=0;requestid=1")]
    [InlineData("streamtype=data;port=http;requestid=1")]
    [InlineData("streamtype=other;port=80;requestid=1")]
    [InlineData("port=80;requestid=1")]
    public async Task AStreamThatNamesNoPortIsRefused(string headers)
    {
        await using var session = await StreamClient.SpdyAsync(fixture, "forward/portforward", "portforward.k8s.io");
        var run = session.RunAsync(_cancellation);
        var stream = session.Open(new SpdyHeaders(headers.Split(';').Select(pair => KeyValuePair.Create(pair.Split('=')[0], pair.Split('=')[1]))));
        Assert.Contains("RefusedStream", (await Assert.ThrowsAsync<SpdyException>(() => stream.Accepted.WaitAsync(Patience, _cancellation))).Message);
        Assert.False(run.IsCompleted);
    }

    [Theory]
    [InlineData("v4.channel.k8s.io")]
    [InlineData("v4.base64.channel.k8s.io")]
    public async Task ChannelsCarryAConnectionForEachPort(string protocol)
    {
        using var socket = await StreamClient.SocketAsync(fixture, protocol, "forward/portforward?ports=6379&ports=6380");
        var channels = new ChannelReader(socket, isText: protocol.Contains("base64", StringComparison.Ordinal));
        await channels.SendAsync(0, "PING\r\nQUIT\r\n");
        await channels.ReadToEndAsync();
        Assert.Equal("\u00EB\u0018+PONG\r\n+OK\r\n", channels[0]);
        Assert.Equal("\u00EB\u0018", channels[1]);
        Assert.Equal("\u00EC\u0018", channels[2]);
        Assert.StartsWith("\u00EC\u0018error forwarding port 6380 to pod forward", channels[3]);
    }

    [Theory]
    [InlineData("forward/portforward", "v4.channel.k8s.io", 400, "query parameter \"port\" is required")]
    [InlineData("forward/portforward?ports=0", "v4.channel.k8s.io", 400, "port \"0\" must be > 0")]
    [InlineData("forward/portforward?ports=80", "v9.channel.k8s.io", 403, "requested protocol(s) are not supported: [v9.channel.k8s.io]")]
    public async Task AWebSocketThatCannotBeServedIsRefused(string path, string protocol, int status, string problem)
    {
        using var answer = await StreamClient.UpgradeAsync(
            fixture, HttpMethod.Get, path, ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", Convert.ToBase64String(new byte[16])), ("Sec-WebSocket-Protocol", protocol));
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.StartsWith(problem, await answer.Content.ReadAsStringAsync(_cancellation));
    }

    [Theory]
    [InlineData("SPDY/3.1", "v9", 403, "unable to upgrade: unable to negotiate protocol: client supports [v9], server accepts [portforward.k8s.io]")]
    [InlineData("SPDY/2", "portforward.k8s.io", 400, "unable to upgrade: missing upgrade headers in request")]
    public async Task AnUpgradeThatCannotBeServedIsRefused(string upgrade, string protocol, int status, string problem)
    {
        using var answer = await StreamClient.UpgradeAsync(
            fixture, HttpMethod.Post, "forward/portforward", ("Connection", "Upgrade"), ("Upgrade", upgrade), ("X-Stream-Protocol-Version", protocol));
        Assert.Equal((status, problem), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(_cancellation)));
    }

    [Fact]
    public async Task WithoutAnUpgradeTheServerSaysThatItWantsOne()
    {
        using var answer = await StreamClient.UpgradeAsync(fixture, HttpMethod.Post, "forward/portforward");
        var text = await answer.Content.ReadAsStringAsync(_cancellation);
        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Contains("\"message\":\"Upgrade request required\"", text);
    }

    private async Task<(string Data, string Error)> AskAsync(SpdySession session, int request, int port)
    {
        await using var error = session.Open(Headers("error", request, port));
        await error.CompleteWritesAsync();
        await using var data = session.Open(Headers("data", request, port));
        try
        {
            await data.WriteAsync(Encoding.ASCII.GetBytes($"PING\r\nECHO {request:d2}\r\n"), _cancellation);
            await data.CompleteWritesAsync();
        }
        catch (SpdyException)
        {
            // Refused already.
        }

        return (await ReadAsync(data), await ReadAsync(error));
    }

    private async Task<string> ReadAsync(SpdyStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        return await reader.ReadToEndAsync(_cancellation).WaitAsync(Patience, _cancellation);
    }

    private static SpdyHeaders Headers(string type, int request, int port) => new([new("streamtype", type), new("port", $"{port}"), new("requestid", $"{request}")]);
}
