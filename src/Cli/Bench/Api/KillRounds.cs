using System.Text.Json.Nodes;
using Dataplane.Api.Client;

namespace Dataplane.Cli.Bench.Api;

/// <summary>What the rounds found. A violation is a broken promise, in words.</summary>
internal sealed record KillResult(int Rounds, long Acknowledged, IReadOnlyList<string> Violations);

/// <summary>
/// Kills the server under write load again and again and looks after each start whether it kept its promises: every write it
/// acknowledged is there, a write it did not is there as a whole or not at all, revisions never go back.
/// </summary>
internal sealed class KillRounds
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const int ShortestMilliseconds = 150;
    private const int LongestMilliseconds = 600;

    private readonly Writer[] _writers;
    private readonly List<string> _violations = [];
    private long _revision;

    private KillRounds(int writers) => _writers = [.. Enumerable.Range(0, writers).Select(index => new Writer(index))];

    internal static async Task<KillResult> RunAsync(ApiBenchPlan plan, string directory, CancellationToken cancellation)
    {
        var rounds = new KillRounds(plan.Writers);
        for (var round = 0; round <= plan.Kills; round++)
        {
            await using var server = await ApiServerProcess.StartAsync(directory, plan, cancellation);
            await rounds.CheckAsync(server.Config, cancellation);
            if (round == plan.Kills)
            {
                break;
            }

            var load = Task.WhenAll(rounds._writers.Select(writer => writer.WriteAsync(server.Config, cancellation)));
            await Task.Delay(Random.Shared.Next(ShortestMilliseconds, LongestMilliseconds), cancellation);
            await server.KillAsync();
            await load;
        }

        return new KillResult(plan.Kills, rounds._writers.Sum(writer => (long)writer.Acknowledged), rounds._violations);
    }

    private async Task CheckAsync(KubeConfig config, CancellationToken cancellation)
    {
        await using var connection = await ApiConnection.OpenAsync(config, cancellation);
        await connection.MustAsync(connection.Request("GET", Maps, "application/json", ""), cancellation);
        var list = JsonNode.Parse(connection.Body.Span)!;
        var revision = Revision(list);
        var newest = Math.Max(_revision, _writers.Max(writer => writer.Revision));
        if (revision < newest)
        {
            _violations.Add($"the store came back at revision {revision}; {newest} was acknowledged");
        }

        _revision = revision;
        var maps = list["items"]!.AsArray().ToDictionary(map => (string)map!["metadata"]!["name"]!, map => map!);
        foreach (var writer in _writers)
        {
            _violations.AddRange(writer.Check(maps));
        }
    }

    private static long Revision(JsonNode obj) => long.Parse((string)obj["metadata"]!["resourceVersion"]!, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Creates an object and counts up in it, and creates the next one.</summary>
    private sealed class Writer(int index)
    {
        private const int CountsPerMap = 5;

        /// <summary>Acknowledged writes; each is the next one in the order above.</summary>
        public int Acknowledged { get; private set; }

        public long Revision { get; private set; }

        /// <summary>Writes until the server is gone.</summary>
        public async Task WriteAsync(KubeConfig config, CancellationToken cancellation)
        {
            try
            {
                await using var connection = await ApiConnection.OpenAsync(config, cancellation);
                while (true)
                {
                    var (map, count) = Place(Acknowledged);
                    var data = $$$"""{"metadata":{"name":"{{{map}}}"},"data":{"count":"{{{count}}}","again":"{{{count}}}"}}""";
                    await connection.MustAsync(
                        count == 0
                            ? connection.Request("POST", Maps, "application/json", data)
                            : connection.Request("PATCH", $"{Maps}/{map}", "application/merge-patch+json", data),
                        cancellation);
                    Revision = KillRounds.Revision(JsonNode.Parse(connection.Body.Span)!);
                    Acknowledged++;
                }
            }
            catch (Exception gone) when (gone is IOException or System.Net.Sockets.SocketException or System.Security.Authentication.AuthenticationException)
            {
                // Killed, as planned.
            }
        }

        /// <summary>Compares what is there with what was acknowledged; takes over a last write that was made but not told.</summary>
        public IEnumerable<string> Check(Dictionary<string, JsonNode> maps)
        {
            var (open, _) = Place(Acknowledged);
            if (maps.TryGetValue(open, out var last) && Count(last) == Place(Acknowledged).Count)
            {
                Acknowledged++;
            }

            for (var written = 0; written < Acknowledged; written += CountsPerMap)
            {
                var name = Place(written).Map;
                var expected = Place(Math.Min(written + CountsPerMap, Acknowledged) - 1).Count;
                if (!maps.TryGetValue(name, out var map))
                {
                    yield return $"{name} was acknowledged and is not there";
                }
                else if (Count(map) != expected)
                {
                    yield return $"{name} counts to {map["data"]}; {expected} was acknowledged";
                }
            }

            if (maps.ContainsKey(Place(((Acknowledged / CountsPerMap) + 1) * CountsPerMap).Map))
            {
                yield return $"writer {index}: an object that was never asked for";
            }
        }

        private (string Map, int Count) Place(int write) => ($"kill-{index}-{write / CountsPerMap}", write % CountsPerMap);

        /// <summary>Both fields were written together: apart they are a half write.</summary>
        private static int Count(JsonNode map) =>
            (string?)map["data"]!["count"] is { } count && count == (string?)map["data"]!["again"] ? int.Parse(count, System.Globalization.CultureInfo.InvariantCulture) : -1;
    }
}
