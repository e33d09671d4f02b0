using System.Diagnostics;
using Dataplane.Api.Client;

namespace Dataplane.Cli.Bench.Api;

/// <summary>Requests of several kept-alive connections at a time, each sending its next one when the last is answered.</summary>
internal static class ApiLoad
{
    /// <param name="request">The request of a number from 0 on.</param>
    /// <returns>Milliseconds of each request, and of the whole.</returns>
    internal static async Task<(double[] Times, TimeSpan Elapsed)> RunAsync(
        KubeConfig config, int connections, int requests, Func<ApiConnection, int, byte[]> request, CancellationToken cancellation)
    {
        var times = new double[requests];
        var next = -1;
        var open = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => ApiConnection.OpenAsync(config, cancellation)));
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(open.Select(async connection =>
        {
            await using (connection)
            {
                while (Interlocked.Increment(ref next) is var number && number < requests)
                {
                    var bytes = request(connection, number);
                    var sent = Stopwatch.GetTimestamp();
                    await connection.MustAsync(bytes, cancellation);
                    times[number] = Stopwatch.GetElapsedTime(sent).TotalMilliseconds;
                }
            }
        }));
        return (times, Stopwatch.GetElapsedTime(started));
    }
}
