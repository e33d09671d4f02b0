using System.Net;
using System.Net.Http.Headers;
using Dataplane.TestKit;

namespace Dataplane.ControlPlane.Tests.Http;

/// <summary>Thousands of watches that see nothing: they cost little, disturb nobody, and leave nothing behind.</summary>
[Collection(nameof(Alone))]
public sealed class IdleWatcherTests
{
    private const int Watchers = 2_000;
    private const string Path = "/api/v1/namespaces/default/configmaps?watch=true&fieldSelector=metadata.name=nothing";

    [Fact]
    public async Task ThousandsOfIdleWatchesComeAndGo()
    {
        await using var server = await RawServer.StartAsync(controllers: false);
        await server.CreateConfigMapAsync("before");
        await RoundAsync(server);
        var files = OpenFiles();
        var memory = GC.GetTotalMemory(forceFullCollection: true);
        for (var round = 0; round < 2; round++)
        {
            await RoundAsync(server);
        }

        // Once more of everything than the first round left: nothing is kept of a watch that has gone.
        Assert.InRange(OpenFiles(), 0, files + 64);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - memory, long.MinValue, 24L << 20);
    }

    private static async Task RoundAsync(RawServer server)
    {
        // A hundred streams to a connection, as client-go has them.
        using var http = new HttpClient(new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        })
        {
            BaseAddress = server.Http.BaseAddress,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        http.DefaultRequestHeaders.Authorization = server.Http.DefaultRequestHeaders.Authorization;
        var answers = new List<HttpResponseMessage>();
        foreach (var some in Enumerable.Range(0, Watchers).Chunk(100))
        {
            answers.AddRange(await Task.WhenAll(some.Select(_ => http.GetAsync(new Uri(Path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, RawServer.Cancellation))));
        }

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        Assert.Equal(Watchers, await WatchesAsync(server));
        await server.CreateConfigMapAsync($"while-they-watch-{Guid.NewGuid():n}");
        answers.ForEach(answer => answer.Dispose());
        await Eventually.HoldsAsync(async () => await WatchesAsync(server) == 0, "the server has noticed that its watchers are gone");
    }

    private static async Task<int> WatchesAsync(RawServer server)
    {
        using var answer = await server.SendAsync(HttpMethod.Get, "/metrics");
        var page = await answer.Content.ReadAsStringAsync(RawServer.Cancellation);
        return page.Split('\n')
            .Where(line => line.StartsWith("apiserver_longrunning_requests{", StringComparison.Ordinal) && line.Contains("configmaps", StringComparison.Ordinal))
            .Sum(line => int.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture));
    }

    private static int OpenFiles() => Directory.EnumerateFiles("/proc/self/fd").Count();
}
