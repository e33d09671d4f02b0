using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Store;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Admission.Quotas;

/// <summary>
/// Counts the quotas of a namespace anew when something in it has gone, ended or changed, when a quota is new, and now and then
/// in any case. What is created is counted where it is created.
/// </summary>
internal sealed class QuotaRecounter(IStore store, QuotaLedger ledger, TimeProvider time, ILogger logger)
{
    private const string QuotaPrefix = "/registry/resourcequotas/";
    private static readonly TimeSpan FullInterval = TimeSpan.FromMinutes(5);

    /// <summary>Many deletions together are one count.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan FailurePause = TimeSpan.FromSeconds(1);

    private readonly HashSet<string> _dirty = new(StringComparer.Ordinal);

    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            using var watch = store.Watch("/registry/", store.Current.Revision);
            foreach (var quota in store.Current.List(QuotaPrefix))
            {
                _dirty.Add(quota.Namespace);
            }

            using var next = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            using var timer = time.CreateTimer(state => ((CancellationTokenSource)state!).Cancel(), next, FullInterval, Timeout.InfiniteTimeSpan);
            try
            {
                await FollowAsync(watch, next.Token);
            }
            catch (OperationCanceledException) when (next.IsCancellationRequested)
            {
                // Everything is counted again, or the server stops.
            }
            catch (IOException failure)
            {
                Log.RecountFailed(logger, failure.Message);
                await Task.Delay(FailurePause, TimeProvider.System, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Ends when the watch does: then too much was missed to know what changed.</summary>
    private async Task FollowAsync(StoreWatch watch, CancellationToken cancellation)
    {
        do
        {
            while (watch.Events.TryRead(out var change))
            {
                if (change.Object.Namespace.Length > 0 && Matters(change))
                {
                    _dirty.Add(change.Object.Namespace);
                }
            }

            if (_dirty.Count > 0)
            {
                foreach (var ns in _dirty)
                {
                    await ledger.RecountAsync(ns);
                }

                _dirty.Clear();
                await Task.Delay(Pause, TimeProvider.System, cancellation);
            }
        }
        while (await watch.Events.WaitToReadAsync(cancellation));
    }

    private bool Matters(StoreEvent change)
    {
        if (!store.Current.List($"{QuotaPrefix}{change.Object.Namespace}/").Any())
        {
            return false;
        }

        if (change.IsDeletion)
        {
            return true;
        }

        return change.Object.Key.Split('/') switch
        {
            [_, _, "resourcequotas", ..] => change.Previous is null || !change.Previous.Document().FieldEquals(change.Object.Document(), "spec"),
            [_, _, "pods", ..] => change.Previous is not null && Ended(change.Object.Document()) && !Ended(change.Previous.Document()),
            [_, _, "services", "specs", ..] or [_, _, "persistentvolumeclaims", ..] => change.Previous is not null,
            _ => false,
        };
    }

    private static bool Ended(JsonObject pod) => pod.Text("status", "phase") is "Succeeded" or "Failed";
}
