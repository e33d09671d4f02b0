using System.Collections.Concurrent;
using System.Diagnostics;
using Dataplane.Api;
using Dataplane.Api.Client;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Cli.Bench.Pods;

/// <summary>Sees when pods become Ready and when they go, as a client of the API server.</summary>
internal sealed class PodWatch(KubernetesClient client) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, long> _ready = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _present = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _changed = new(0);
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    internal async Task StartAsync(CancellationToken cancellation)
    {
        var informer = new Informer<Pod>(client, new InformerOptions(), NullLogger.Instance);
        informer.Subscribe(Handle);
        _running = Task.Run(() => informer.RunAsync(_stopping.Token), CancellationToken.None);
        await informer.WaitForSyncAsync(cancellation);
    }

    /// <returns>When each became Ready, <see cref="Stopwatch"/> time.</returns>
    internal async Task<IReadOnlyCollection<long>> WaitReadyAsync(int count, TimeSpan limit, CancellationToken cancellation)
    {
        await WaitAsync(() => _ready.Count >= count, limit, cancellation);
        return [.. _ready.Values];
    }

    /// <summary>Until no pod is left; those seen before are forgotten.</summary>
    internal async Task WaitGoneAsync(TimeSpan limit, CancellationToken cancellation)
    {
        await WaitAsync(() => _present.IsEmpty, limit, cancellation);
        _ready.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
        _changed.Dispose();
    }

    private async Task WaitAsync(Func<bool> reached, TimeSpan limit, CancellationToken cancellation)
    {
        using var expiry = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        expiry.CancelAfter(limit);
        try
        {
            while (!reached())
            {
                await _changed.WaitAsync(expiry.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new UserErrorException($"bench pods: after {limit.TotalSeconds:0} s {_ready.Count} pods are Ready and {_present.Count} there");
        }
    }

    private void Handle(InformerChange<Pod> change)
    {
        var uid = change.Object.Metadata.UID;
        if (change.New is null)
        {
            _present.TryRemove(uid, out _);
        }
        else
        {
            _present[uid] = true;
            if (change.New.Status.Conditions.Exists(condition => condition is { Type: "Ready", Status: "True" }))
            {
                _ready.TryAdd(uid, Stopwatch.GetTimestamp());
            }
        }

        _changed.Release();
    }
}
