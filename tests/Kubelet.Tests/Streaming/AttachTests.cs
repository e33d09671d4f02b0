using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Dataplane.Kubelet.Tests.Lifecycle;
using static Dataplane.Kubelet.Tests.Lifecycle.NodeFixture;

namespace Dataplane.Kubelet.Tests.Streaming;

/// <summary>attach as a client sees it, through the API server and the agent.</summary>
public sealed class AttachTests(NodeFixture fixture) : IClassFixture<NodeFixture>
{
    private const string Echo = "while read line; do echo got:$line; echo bad:$line >&2; done; echo over; exit 3";

    [Fact]
    public async Task TheEndOfTheFirstClientsInputIsTheContainersWithStdinOnce()
    {
        await StartAsync("attach-once", Echo, once: true);
        using var client = await ConnectAsync("attach-once", "stdin=true&stdout=true&stderr=true");
        var channels = new ChannelReader(client);
        await channels.SendAsync(0, "one\n");
        await channels.ExpectAsync(1, "got:one\n");
        await channels.ExpectAsync(2, "bad:one\n");
        await channels.SendAsync(255, "\0");
        await channels.ReadToEndAsync();
        Assert.Equal("got:one\nover\n", channels[1]);

        // attach tells no exit code: the pod does.
        Assert.Equal("Success", (string?)JsonNode.Parse(channels[3])!["status"]);
        await fixture.WaitAsync("attach-once", pod => pod.Status.ContainerStatuses[0].State.Terminated?.ExitCode == 3);
    }

    [Fact]
    public async Task WithoutStdinOnceTheInputOutlivesItsClients()
    {
        await StartAsync("attach-more", Echo, once: false);
        for (var i = 0; i < 2; i++)
        {
            using var client = await ConnectAsync("attach-more", "stdin=true&stdout=true&stderr=true");
            var channels = new ChannelReader(client);
            await channels.SendAsync(0, $"{i}\n");
            await channels.ExpectAsync(1, $"got:{i}\n");
            await channels.ExpectAsync(2, $"bad:{i}\n");
            await channels.SendAsync(255, "\0");
            await channels.ReadToEndAsync();
            Assert.Equal("Success", (string?)JsonNode.Parse(channels[3])!["status"]);
        }

        await fixture.LogWithAsync("attach-more", "got:1\n");
        var log = await fixture.LogWithAsync("attach-more", "bad:1\n");
        Assert.Equal(["bad:0", "bad:1", "got:0", "got:1"], log.Trim().Split('\n').Order());
    }

    [Fact]
    public async Task EverybodyAttachedSeesWhatTheTerminalShows()
    {
        await StartAsync("attach-terminal", "stty size; " + Echo, once: true, terminal: true);
        using var first = await ConnectAsync("attach-terminal", "stdin=true&stdout=true&tty=true");
        using var second = await ConnectAsync("attach-terminal", "stdout=true&stderr=true&tty=true");
        var (typing, watching) = (new ChannelReader(first), new ChannelReader(second));

        // Greeted when it is attached.
        await watching.ExpectAsync(1, "");
        await typing.SendAsync(4, "{\"Width\":99,\"Height\":44}");
        await typing.SendAsync(0, "one\n");
        await typing.ExpectAsync(1, "one\r\ngot:one\r\nbad:one\r\n");
        await typing.SendAsync(0, "\x04");
        await typing.ReadToEndAsync();
        await watching.ReadToEndAsync();
        Assert.EndsWith("got:one\r\nbad:one\r\nover\r\n", watching[1]);
        Assert.Equal("", watching[2]);
    }

    [Fact]
    public async Task AClientThatDoesNotReadHoldsTheContainerBackButNotItsEnd()
    {
        await StartAsync("attach-slow", "read line; head -c 20000000 /dev/zero; echo over", once: false);
        using var slow = await ConnectAsync("attach-slow", "stdin=true&stdout=true");
        await new ChannelReader(slow).SendAsync(0, "go\n");
        using (var fast = await ConnectAsync("attach-slow", "stdout=true"))
        {
            await new ChannelReader(fast).ExpectAsync(1, "\0");
        }

        await fixture.Client.DeleteAsync<Api.Pod>(new Api.NamespacedName("default", "attach-slow"));
        await fixture.WaitGoneAsync("attach-slow");
    }

    [Fact]
    public async Task WithoutAStdinTheContainerReadsNothing()
    {
        var container = Shell("main", "read line && echo got:$line; echo ended; touch /ended; sleep 1000");
        container.ReadinessProbe = new Api.Probe { Exec = new Api.ExecAction { Command = ["test", "-e", "/ended"] }, PeriodSeconds = 1 };
        await fixture.CreateAsync(Pod("attach-none", container));
        await fixture.WaitAsync("attach-none", one => one.Status.ContainerStatuses.Exists(status => status.Ready == true));
        using var client = await ConnectAsync("attach-none", "stdin=true&stdout=true");
        await new ChannelReader(client).SendAsync(0, "one\n");
        Assert.Equal("ended\n", await fixture.LogAsync("attach-none"));
        client.Abort();
    }

    private async Task StartAsync(string name, string script, bool once, bool terminal = false)
    {
        var container = Shell("main", script);
        (container.Stdin, container.StdinOnce, container.TTY) = (true, once, terminal);
        var pod = Pod(name, container);
        pod.Spec.RestartPolicy = "Never";
        await fixture.CreateAsync(pod);
        await fixture.WaitAsync(name, one => one.Status.Phase == "Running");
    }

    private Task<ClientWebSocket> ConnectAsync(string pod, string query) => StreamClient.SocketAsync(fixture, "v5.channel.k8s.io", $"{pod}/attach?{query}");
}
