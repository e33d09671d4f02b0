using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using Dataplane.Api.Client;

namespace Dataplane.Cli.Bench.Api;

/// <summary>Watches of all pods, each on a connection of its own; they count events and note when each of them came.</summary>
internal sealed class ApiWatchers : IAsyncDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly HttpClient _http;
    private readonly long[] _events;
    private readonly long[] _lastAt;
    private Task _reading = Task.CompletedTask;
    private TaskCompletionSource _reached = new();
    private long _wanted = long.MaxValue;
    private int _behind;

    private ApiWatchers(KubeConfig config, int count)
    {
        _events = new long[count];
        _lastAt = new long[count];
        _http = new HttpClient(new SocketsHttpHandler
        {
            MaxConnectionsPerServer = int.MaxValue,
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        })
        {
            BaseAddress = config.Server,
            DefaultRequestVersion = HttpVersion.Version11,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", config.Token);
    }

    /// <summary>Opens watches that show only what changes from now on.</summary>
    internal static async Task<ApiWatchers> OpenAsync(KubeConfig config, int count, CancellationToken cancellation)
    {
        var watchers = new ApiWatchers(config, count);
        var streams = new Stream[count];

        // A handshake at a time on each core: a thousand at once would only wait for each other.
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellation },
            async (index, stop) =>
            {
                using var request = new HttpRequestMessage(
                    HttpMethod.Get, $"{ApiObjects.PodPath}?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=false");
                var answer = await watchers._http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
                streams[index] = await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(stop);
            });
        watchers._reading = Task.WhenAll(streams.Select(watchers.ReadAsync));
        return watchers;
    }

    /// <summary>Waits until every watcher has seen as many events in all.</summary>
    /// <exception cref="TimeoutException">One did not.</exception>
    internal async Task WaitForAsync(long events, TimeSpan limit)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_ending)
        {
            _wanted = events;
            _reached = reached;
            _behind = _events.Count(seen => seen < events);
            if (_behind == 0)
            {
                return;
            }
        }

        try
        {
            await reached.Task.WaitAsync(limit);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{_behind} of {_events.Length} watchers have not seen {events} events in {limit.TotalSeconds:0} s; the last has {_events.Min()}");
        }
    }

    /// <summary>Milliseconds from a moment to the last event of each watcher.</summary>
    internal IEnumerable<double> Since(long timestamp) => _lastAt.Select(at => Stopwatch.GetElapsedTime(timestamp, at).TotalMilliseconds);

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _http.Dispose();
        _ending.Dispose();
    }

    private async Task ReadAsync(Stream body, int index)
    {
        var buffer = new byte[16 * 1024];
        while (await body.ReadAsync(buffer, _ending.Token) is var count and > 0)
        {
            // An event is a line.
            var events = buffer.AsSpan(0, count).Count((byte)'\n');
            if (events == 0)
            {
                continue;
            }

            _lastAt[index] = Stopwatch.GetTimestamp();
            lock (_ending)
            {
                var before = _events[index];
                _events[index] = before + events;
                if (before < _wanted && before + events >= _wanted && --_behind == 0)
                {
                    _reached.TrySetResult();
                }
            }
        }

        if (!_ending.IsCancellationRequested)
        {
            throw new IOException($"the server ended watch {index} after {_events[index]} events");
        }
    }
}
