using System.Threading.Channels;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Zones;
using Microsoft.Extensions.Logging;

namespace Dataplane.Dns.Server;

/// <summary>
/// Turns what the API server tells into snapshots: informers post changes to one channel, one loop applies all that have
/// come and publishes once. When the API server goes away nothing comes, and the last snapshot keeps being served.
/// </summary>
internal sealed class ZoneWatcher : IAsyncDisposable
{
    /// <summary>Changes a snapshot takes in at most, so that the first list of a large cluster is visible as it comes in.</summary>
    private const int MaxBatch = 4096;

    /// <summary>Services whose lists leave garbage worth a collection.</summary>
    private const int LargeCluster = 500;

    /// <summary>Slices in one answer of a list: each may have a hundred endpoints, and a chunk is in memory whole.</summary>
    private const int SlicesAtOnce = 100;

    private static readonly object Present = new();

    private readonly Channel<Action<ZoneState>> _changes = Channel.CreateUnbounded<Action<ZoneState>>(new() { SingleReader = true });
    private readonly ZoneState _state;
    private readonly ZoneSource _source;
    private readonly TimeProvider _time;
    private readonly Action<TimeSpan> _programmed;
    private readonly ILogger _logger;
    private readonly KubernetesClient _client;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _allSynced;
    private readonly Task[] _running;
    private readonly TaskCompletionSource _published = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Func<DateTimeOffset?>> _heard = [];
    private bool _synced;
    private bool _leftGarbage;

    /// <param name="config">Which API server.</param>
    /// <param name="plan">What of it is followed.</param>
    /// <param name="state">Owned from now on.</param>
    /// <param name="source">Where snapshots are published.</param>
    /// <param name="clock">For serials; and who is told how old a change was when it could be asked for, which the EndpointSlice controller notes.</param>
    /// <param name="loggers">For this and the informers.</param>
    internal ZoneWatcher(
        KubeConfig config, KubernetesPlan plan, ZoneState state, ZoneSource source, (TimeProvider Time, Action<TimeSpan> Programmed) clock, ILoggerFactory loggers)
    {
        (_state, _source, (_time, _programmed)) = (state, source, clock);
        _logger = loggers.CreateLogger("Dataplane.Dns");
        _client = new KubernetesClient(config);
        var informerLogger = loggers.CreateLogger("Dataplane.Dns.Informer");
        var informers = new List<(Task Running, Task Synced)>
        {
            Follow<Namespace, object>(informerLogger, plan.NamespaceLabels, _ => Present, (zone, name, now) => zone.SetNamespace(name.Name, now is not null)),
            Follow<Service, ServiceShape>(informerLogger, plan.Labels, ServiceShape.Of, (zone, name, now) => zone.SetService(name, now)),
        };
        if (!plan.WithoutEndpoints)
        {
            informers.Add(Follow<EndpointSlice, SliceChange>(
                informerLogger, plan.Labels, slice => SliceChange.Of(slice, plan.NamesEndpointsByPod), (zone, name, now) => zone.SetSlice(name, now?.Shape, now?.Triggered), SlicesAtOnce));
        }

        if (plan.Pods == PodRecordMode.Verified)
        {
            informers.Add(Follow<Pod, string[]>(informerLogger, null, PodAddressCounts.Addresses, (zone, name, now) => zone.SetPod(name, now)));
        }

        _allSynced = Task.WhenAll(informers.Select(informer => informer.Synced));
        _running = [.. informers.Select(informer => informer.Running), MarkSyncedAsync(), ApplyAsync()];
    }

    /// <summary>How old the state is at most: when the kind that was heard of longest ago was heard of.</summary>
    internal DateTimeOffset? LastHeard => _heard.Select(heard => heard()).Where(heard => heard is not null).Min();

    /// <summary>Completes when the snapshot has all lists.</summary>
    internal Task WaitForSyncAsync(CancellationToken cancellation) => _published.Task.WaitAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _client.Dispose();
        _stop.Dispose();
    }

    /// <param name="logger">For the informer.</param>
    /// <param name="labels">A selector; null for all.</param>
    /// <param name="shape">What the zone needs of an object, taken as it arrives: no more is kept.</param>
    /// <param name="apply">Given null for an object that is gone.</param>
    /// <param name="chunk">Objects in one answer of a list.</param>
    private (Task Running, Task Synced) Follow<T, TShape>(
        ILogger logger, string? labels, Func<T, TShape> shape, Action<ZoneState, NamespacedName, TShape?> apply, int chunk = 500)
        where T : class, IResource<T>
        where TShape : class
    {
        var informer = new Informer<T>(_client, new InformerOptions { LabelSelector = labels, ChunkSize = chunk }, logger, _time) { KeepsVersionsOnly = true };
        _heard.Add(() => informer.LastHeard);
        informer.Subscribe(change =>
        {
            var (name, now) = (change.Name, change.New is { } obj ? shape(obj) : null);
            _changes.Writer.TryWrite(zone => apply(zone, name, now));
        });
        return (informer.RunAsync(_stop.Token), informer.WaitForSyncAsync(_stop.Token));
    }

    /// <summary>An informer is synced after it has posted its whole list, so this mark comes behind all of them in the channel.</summary>
    private async Task MarkSyncedAsync()
    {
        await _allSynced;
        _changes.Writer.TryWrite(zone =>
        {
            (_synced, _leftGarbage) = (true, zone.ServiceCount >= LargeCluster);
            Log.Synced(_logger, zone.ServiceCount, zone.NamespaceCount);
        });
    }

    /// <summary>
    /// What the first lists were read through is several times what is kept of them, and nothing that follows allocates enough for the
    /// collector to come by again: it would stay resident for good. Nobody is sent here yet, so that its pause holds up no one.
    /// </summary>
#pragma warning disable RS0030 // The collector cannot know that the lists are over; see above.
    private static void DropListsGarbage() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
#pragma warning restore RS0030

    private async Task ApplyAsync()
    {
        while (await _changes.Reader.WaitToReadAsync(_stop.Token))
        {
            for (var i = 0; i < MaxBatch && _changes.Reader.TryRead(out var change); i++)
            {
                Try(() => change(_state));
            }

            Try(Publish);
            if (_synced)
            {
                _published.TrySetResult();
            }
        }
    }

    private void Publish()
    {
        var next = _state.Commit(_time.GetUtcNow(), _synced);
        if (_leftGarbage)
        {
            _leftGarbage = false;
            DropListsGarbage();
        }

        var wasSynced = _source.Current.Synced;
        _source.Publish(next);
        foreach (var triggered in _state.TakeTriggers())
        {
            // What the first lists tell of happened before there was anybody to be told.
            if (wasSynced)
            {
                _programmed(_time.GetUtcNow() - triggered);
            }
        }
    }

    /// <summary>An object no one foresaw must not stop the rest of the cluster from being named.</summary>
    private void Try(Action body)
    {
        try
        {
            body();
        }
        catch (Exception failure)
        {
            Log.ChangeFailed(_logger, failure);
        }
    }
}
