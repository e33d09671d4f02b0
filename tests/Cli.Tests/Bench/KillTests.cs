using Dataplane.Cli.Bench.Api;

namespace Dataplane.Cli.Tests.Bench;

/// <summary>What an API server process promises of its store, whatever becomes of it.</summary>
public sealed class KillTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dp-t-kill").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task EveryAcknowledgedWriteSurvivesEveryKill()
    {
        var plan = new ApiBenchPlan { Cases = [], Writers = 6, Kills = 6 };
        var result = await KillRounds.RunAsync(plan, _directory, TestContext.Current.CancellationToken);
        Assert.Empty(result.Violations);
        Assert.True(result.Acknowledged > plan.Kills, $"only {result.Acknowledged} writes were acknowledged");
    }

    [Fact]
    public async Task AFullDiskRefusesWritesLosesNothingAndRecovers()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var plan = new ApiBenchPlan { Cases = [], DiskMB = 12, BallastMB = 6 };
        await using var server = await ApiServerProcess.StartAsync(_directory, plan, cancellation);
        await using var connection = await ApiConnection.OpenAsync(server.Config, cancellation);
        var written = 0;
        while (await PostAsync(connection, written) is 201)
        {
            Assert.True(++written < 100, "12 MB take no 100 objects of 200 kB");
        }

        Assert.True(written > 5);
        Assert.Equal(200, await connection.SendAsync(connection.Request("GET", Map(written - 1), "application/json", ""), cancellation));
        Assert.Equal(404, await connection.SendAsync(connection.Request("GET", Map(written), "application/json", ""), cancellation));
        server.DropBallast();
        Assert.Equal(201, await PostAsync(connection, written));
        for (var i = 0; i <= written; i++)
        {
            Assert.Equal(200, await connection.SendAsync(connection.Request("GET", Map(i), "application/json", ""), cancellation));
        }
    }

    private static string Map(int number) => $"/api/v1/namespaces/default/configmaps/full-{number}";

    private static ValueTask<int> PostAsync(ApiConnection connection, int number) => connection.SendAsync(
        connection.Request(
            "POST", "/api/v1/namespaces/default/configmaps", "application/json",
            $$$"""{"metadata":{"name":"full-{{{number}}}"},"data":{"k":"{{{new string('x', 200_000)}}}"}}"""),
        TestContext.Current.CancellationToken);
}
