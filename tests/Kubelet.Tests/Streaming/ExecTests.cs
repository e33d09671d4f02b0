using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Dataplane.Hosting.Spdy;
using Dataplane.Kubelet.Tests.Lifecycle;
using Dataplane.TestKit;
using static Dataplane.Kubelet.Tests.Lifecycle.NodeFixture;

namespace Dataplane.Kubelet.Tests.Streaming;

/// <summary>exec as a client of either protocol sees it, through the API server and the agent.</summary>
public sealed class ExecTests(NodeFixture fixture) : IClassFixture<NodeFixture>, IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await fixture.CreateAsync(Pod("exec", Shell("main", "mkdir /only-here; echo made; sleep 1000")));
        await fixture.LogWithAsync("exec", "made\n");
    }

    public async ValueTask DisposeAsync()
    {
        await fixture.Client.DeleteAsync<Api.Pod>(new Api.NamespacedName("default", "exec"));
        await fixture.WaitGoneAsync("exec");
    }

    [Theory]
    [InlineData("v5.channel.k8s.io", false)]
    [InlineData("v4.channel.k8s.io", false)]
    [InlineData("v4.base64.channel.k8s.io", true)]
    public async Task OutputErrorAndExitCodeComeOnTheirChannels(string protocol, bool isText)
    {
        using var client = await ConnectAsync(protocol, "stdout=true&stderr=true", "ls -d /only-here; echo bad >&2; exit 7");
        var channels = new ChannelReader(client, isText);
        await channels.ReadToEndAsync();
        Assert.Equal(("/only-here\n", "bad\n"), (channels[1], channels[2]));
        var status = JsonNode.Parse(channels[3])!;
        Assert.Equal("NonZeroExitCode", (string?)status["reason"]);
        Assert.Equal("""[{"reason":"ExitCode","message":"7"}]""", status["details"]!["causes"]!.ToJsonString());
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
    }

    [Theory]
    [InlineData("channel.k8s.io", false)]
    [InlineData("base64.channel.k8s.io", true)]
    [InlineData("", false)]
    public async Task TheOldestProtocolsSayOnlyWhatWentWrong(string protocol, bool isText)
    {
        foreach (var (script, said) in new[] { ("true", ""), ("exit 7", "command terminated with non-zero exit code: error executing command [/bin/sh -c exit 7], exit code 7") })
        {
            using var client = await ConnectAsync(protocol, "stdout=true", script);
            var channels = new ChannelReader(client, isText);
            await channels.ReadToEndAsync();
            Assert.Equal(said, channels[3]);
        }
    }

    [Theory]
    [InlineData("v5.channel.k8s.io", "cat")]
    [InlineData("v4.channel.k8s.io", "head -c 6")]
    public async Task InputMayComeInPartsAndEnds(string protocol, string script)
    {
        using var client = await ConnectAsync(protocol, "stdin=true&stdout=true", script);
        Assert.Equal(protocol, client.SubProtocol);
        var channels = new ChannelReader(client);
        await channels.SendAsync(0, "ab", endOfMessage: false);
        await client.SendAsync("cd"u8.ToArray(), WebSocketMessageType.Binary, endOfMessage: true, _cancellation);
        await channels.SendAsync(0, "e\n");
        await channels.SendAsync(0, "!");
        await channels.SendAsync(255, "\0");
        await channels.SendAsync(0, "after the end");
        await channels.ReadToEndAsync();
        Assert.Equal(protocol.StartsWith("v5", StringComparison.Ordinal) ? "abcde\n!" : "abcde\n", channels[1]);
        Assert.Equal("Success", (string?)JsonNode.Parse(channels[3])!["status"]);
    }

    [Fact]
    public async Task MuchOutputArrivesWhole()
    {
        using var client = await ConnectAsync("v5.channel.k8s.io", "stdout=true", "head -c 3000000 /dev/zero");
        var channels = new ChannelReader(client);
        await channels.ReadToEndAsync();
        Assert.Equal(3_000_000, channels[1].Length);
        Assert.Equal("Success", (string?)JsonNode.Parse(channels[3])!["status"]);
    }

    [Fact]
    public async Task AProgramThatIsNotThereIsAnInternalErrorOfTheSession()
    {
        using var client = await ConnectAsync("v5.channel.k8s.io", "stdout=true&command=no-such-program", null);
        var channels = new ChannelReader(client);
        await channels.ReadToEndAsync();
        var status = JsonNode.Parse(channels[3])!;
        Assert.Equal("InternalError", (string?)status["reason"]);
        Assert.Contains("executable file not found in $PATH", (string?)status["message"]);
    }

    [Fact]
    public async Task ATerminalHasOneOutputASizeAndItsCharacters()
    {
        const string script = "until [ \"$(stty size)\" = '44 99' ]; do :; done; echo sized; while read line; do echo $line >&2; done; exit 5";
        using var client = await ConnectAsync("v5.channel.k8s.io", "stdin=true&stdout=true&stderr=true&tty=true", script);
        var channels = new ChannelReader(client);
        await channels.SendAsync(4, "{\"Width\":99,\"Height\":44}");
        await channels.ExpectAsync(1, "sized\r\n");
        await channels.SendAsync(0, "one\n");
        await channels.ExpectAsync(1, "one\r\none\r\n");
        await channels.SendAsync(0, "\x04");
        await channels.ReadToEndAsync();
        Assert.Equal("", channels[2]);
        Assert.Equal("5", (string?)JsonNode.Parse(channels[3])!["details"]!["causes"]![0]!["message"]);
    }

    [Fact]
    public async Task AClientThatGoesHangsUpTheTerminal()
    {
        using (var client = await ConnectAsync("v5.channel.k8s.io", "stdin=true&stdout=true&tty=true", "trap 'touch /hung-up; exit' HUP; echo ready; while :; do read line; done"))
        {
            await new ChannelReader(client).ExpectAsync(1, "ready");
            client.Abort();
        }

        using var check = await ConnectAsync("v5.channel.k8s.io", "stdout=true", "until [ -e /hung-up ]; do sleep 0.1; done; echo seen");
        await new ChannelReader(check).ExpectAsync(1, "seen");
    }

    [Theory]
    [InlineData("v4.channel.k8s.io")]
    [InlineData("v3.channel.k8s.io")]
    [InlineData("v2.channel.k8s.io")]
    [InlineData("channel.k8s.io")]
    public async Task OverSpdyEachStreamIsOneOfTheSession(string protocol)
    {
        await using var session = await StreamClient.SpdyAsync(
            fixture, $"exec/exec?stdin=true&stdout=true&stderr=true&command=/bin/sh&command=-c&command={Uri.EscapeDataString("cat; echo bad >&2; exit 7")}", protocol);
        var run = session.RunAsync(_cancellation);
        var streams = new[] { "error", "stdin", "stdout", "stderr" }.ToDictionary(type => type, type => session.Open(new SpdyHeaders([new("streamtype", type)])));
        await streams["stdin"].WriteAsync("typed\n"u8.ToArray(), _cancellation);
        await streams["stdin"].CompleteWritesAsync();
        Assert.Equal("typed\n", await ReadAsync(streams["stdout"]));
        Assert.Equal("bad\n", await ReadAsync(streams["stderr"]));
        var status = await ReadAsync(streams["error"]);
        if (protocol == "v4.channel.k8s.io")
        {
            Assert.Equal("7", (string?)JsonNode.Parse(status)!["details"]!["causes"]![0]!["message"]);
        }
        else
        {
            Assert.StartsWith("command terminated with non-zero exit code", status);
        }

        Assert.False(run.IsFaulted);
    }

    [Fact]
    public async Task OverSpdyATerminalIsResizedByAStreamOfItsOwn()
    {
        await using var session = await StreamClient.SpdyAsync(
            fixture, $"exec/exec?stdin=true&stdout=true&tty=true&command=/bin/sh&command=-c&command={Uri.EscapeDataString("until [ \"$(stty size)\" = '44 99' ]; do :; done; tty")}",
            "v4.channel.k8s.io");
        var run = session.RunAsync(_cancellation);
        var streams = new[] { "error", "stdin", "stdout", "resize" }.ToDictionary(type => type, type => session.Open(new SpdyHeaders([new("streamtype", type)])));
        await streams["resize"].WriteAsync("{\"Width\":99,\"Height\":44}\n"u8.ToArray(), _cancellation);
        Assert.Equal("/dev/pts/0\r\n", await ReadAsync(streams["stdout"]));
        Assert.Equal("Success", (string?)JsonNode.Parse(await ReadAsync(streams["error"]))!["status"]);
        Assert.False(run.IsFaulted);
    }

    [Fact]
    public async Task SessionsLeaveNoDescriptorOpen()
    {
        const int slack = 8;
        await OneOfEachAsync();
        var before = OpenDescriptors.Count();
        for (var i = 0; i < 10; i++)
        {
            await OneOfEachAsync();
        }

        // Three sessions each time, each with connections, pipes or a terminal. Both ends are in this process and close after the client has read the end.
        using var limit = new CancellationTokenSource(Patience);
        while (OpenDescriptors.Count() > before + slack)
        {
            Assert.False(limit.IsCancellationRequested, $"{OpenDescriptors.Count()} descriptors instead of {before}");
            await Task.Delay(50, _cancellation);
        }

        async Task OneOfEachAsync()
        {
            foreach (var terminal in new[] { "false", "true" })
            {
                using var client = await ConnectAsync("v5.channel.k8s.io", $"stdin=true&stdout=true&tty={terminal}", "echo here");
                await new ChannelReader(client).ReadToEndAsync();
            }

            await using var session = await StreamClient.SpdyAsync(fixture, "exec/exec?stdout=true&command=true", "v4.channel.k8s.io");
            var run = session.RunAsync(_cancellation);
            var status = session.Open(new SpdyHeaders([new("streamtype", "error")]));
            _ = session.Open(new SpdyHeaders([new("streamtype", "stdout")]));
            Assert.Equal("Success", (string?)JsonNode.Parse(await ReadAsync(status))!["status"]);
            Assert.False(run.IsFaulted);
        }
    }

    [Theory]
    [InlineData("exec/exec?command=ls", 400, "you must specify at least 1 of stdin, stdout, stderr")]
    [InlineData("exec/exec?stdout=true", 400, "you must specify a command to run")]
    [InlineData("exec/exec?stdout=true&command=ls&container=nobody", 400, "container nobody is not valid for pod exec")]
    [InlineData("nobody/exec?stdout=true&command=ls", 404, "pods \"nobody\" not found")]
    [InlineData("exec/attach", 400, "you must specify at least 1 of stdin, stdout, stderr")]
    public async Task WhatCannotBeServedIsRefusedBeforeTheUpgrade(string path, int status, string problem)
    {
        using var answer = await StreamClient.UpgradeAsync(
            fixture, HttpMethod.Post, path, ("Connection", "Upgrade"), ("Upgrade", "SPDY/3.1"), ("X-Stream-Protocol-Version", "v4.channel.k8s.io"));
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Contains(problem, (await answer.Content.ReadAsStringAsync(_cancellation)).Replace("\\\"", "\"", StringComparison.Ordinal));
    }

    private async Task<string> ReadAsync(SpdyStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        return await reader.ReadToEndAsync(_cancellation).WaitAsync(Patience, _cancellation);
    }

    private Task<ClientWebSocket> ConnectAsync(string protocol, string query, string? script)
    {
        var command = script is null ? "" : $"&command=/bin/sh&command=-c&command={Uri.EscapeDataString(script)}";
        return StreamClient.SocketAsync(fixture, protocol, $"exec/exec?{query}{command}");
    }
}
