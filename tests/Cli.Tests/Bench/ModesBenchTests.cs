using System.Net.Sockets;
using System.Text.Json;
using Dataplane.Cli.Bench;
using Dataplane.Cli.Bench.Modes;
using Dataplane.Linux.Namespaces;
using Dataplane.TestKit;

namespace Dataplane.Cli.Tests.Bench;

public sealed class ModesBenchTests
{
    [Fact]
    public async Task EverySubjectServesEveryCaseAndNothingIsLeftBehind()
    {
        Tools.RequireRoot();
        var plan = new ModesBenchPlan(["userspace"], [ModesBenchPlan.Direct], ["stream-1", "close", "request", "idle", "udp", "udp-new"])
        {
            Services = 3,
            Rounds = 1,
            WarmUp = TimeSpan.FromMilliseconds(50),
            Round = TimeSpan.FromMilliseconds(600),
            Connections = 8,
            IdleConnections = 20,
        };
        var figures = await RunAsync(plan);
        foreach (var subject in new[] { "direct", "userspace" })
        {
            var own = figures.Where(figure => figure.GetProperty("subject").GetString() == subject).ToList();
            Assert.Equal(plan.Cases, own.Select(figure => figure.GetProperty("case").GetString()).Distinct());
            Assert.All(own.Where(figure => figure.GetProperty("metric").GetString() is "throughput" or "rate"), figure =>
                Assert.True(figure.GetProperty("mean").GetDouble() > 0, figure.ToString()));
            Assert.All(own.Where(figure => figure.GetProperty("metric").GetString() == "errors"), figure => Assert.Equal(0, figure.GetProperty("mean").GetDouble()));
        }

        Assert.Empty(NetworkNamespace.Names($"dp-bench-{Environment.ProcessId}-"));
    }

    [Fact]
    public async Task ASoakTellsMemoryDescriptorsAndTrackedConnectionsOfItsBeginningAndItsEndAndEnds()
    {
        Tools.RequireRoot();
        var figures = await RunAsync(new ModesBenchPlan(["userspace"], [], []) { Soak = TimeSpan.FromSeconds(2) }.Checked());
        var values = figures.ToDictionary(figure => figure.GetProperty("metric").GetString()!, figure => figure.GetProperty("mean").GetDouble());
        foreach (var metric in new[] { "resident", "descriptors", "tracked connections" })
        {
            Assert.InRange(values[$"{metric}: first tenth"], 1, values[$"{metric}: most"]);
            Assert.InRange(values[$"{metric}: last tenth"], 1, values[$"{metric}: most"]);
        }

        Assert.All(new[] { "request", "close", "udp", "udp-new" }, kind => Assert.True(values[$"requests ({kind})"] > 0, kind));
    }

    [Fact]
    public void ASoakIsBounded() => Assert.Equal(
        "--soak: 24 hours at most",
        Assert.Throws<UserErrorException>(() => new ModesBenchPlan(["userspace"], [], []) { Soak = TimeSpan.FromHours(25) }.Checked()).Message);

    [Fact]
    public async Task WithoutDescriptorsTheNewestConnectionsAreResetTheOthersServedAndLaterAllAgain()
    {
        Tools.RequireRoot();
        const int Limit = 260;
        await using var subject = await BenchSubject.StartAsync(
            "userspace", services: 1, churn: false, TestContext.Current.CancellationToken, Tools.Require("prlimit"), $"--nofile={Limit}");
        var held = new List<Socket>();
        while (held.Count < Limit)
        {
            var socket = Connect(subject);
            if (!IsServed(socket))
            {
                socket.Dispose();
                break;
            }

            held.Add(socket);
        }

        Assert.InRange(held.Count, 5, Limit / 2);
        Assert.All(held, socket => Assert.True(IsServed(socket)));
        held.ForEach(socket => socket.Dispose());
        Assert.True(
            SpinWait.SpinUntil(
                () =>
                {
                    using var again = Connect(subject);
                    return IsServed(again);
                },
                TimeSpan.FromSeconds(60)));
    }

    private static Socket Connect(BenchSubject subject)
    {
        var socket = subject.Site.Client.Invoke(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        socket.ReceiveTimeout = 60_000;
        socket.Connect(subject.Stream);
        return socket;
    }

    private static bool IsServed(Socket socket)
    {
        try
        {
            socket.Send(LoadMessage.Of(LoadKind.Request));
            return socket.Receive(new byte[LoadMessage.Size]) > 0;
        }
        catch (SocketException reset) when (reset.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
            return false;
        }
    }

    [Fact]
    public void AnUnknownPeerIsNamedBesideThoseThereAre() =>
        Assert.Equal(
            "--peers: \"envoy\": known are direct, haproxy, nginx, haproxy-redirect, nginx-redirect",
            Assert.Throws<UserErrorException>(() => new ModesBenchPlan(["userspace"], ["envoy"], ["close"]).Checked()).Message);

    private static async Task<List<JsonElement>> RunAsync(ModesBenchPlan plan)
    {
        var output = new StringWriter();
        await new ModesBench(plan, new BenchReport("modes", json: true, output)).RunAsync(TestContext.Current.CancellationToken);
        return [.. output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
