using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Store;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Machinery.Registry;

/// <summary>Removes events some time after they were last written.</summary>
/// <param name="store">Where they lie.</param>
/// <param name="lifetime">How long an event stays.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Takes failures.</param>
internal sealed class EventExpiry(IStore store, TimeSpan lifetime, TimeProvider time, ILogger logger)
{
    private const string Prefix = "/registry/events/";
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    // When versions seen before go, so that a sweep reads only what is new.
    private readonly Dictionary<string, (Revision Version, DateTimeOffset Due)> _due = new(StringComparer.Ordinal);

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                await SweepAsync();
            }
            while (await timer.WaitForNextTickAsync(cancellation));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The end asked for.
        }
    }

    private async Task SweepAsync()
    {
        var now = time.GetUtcNow();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var stored in store.Current.List(Prefix))
        {
            if (!_due.TryGetValue(stored.Key, out var known) || known.Version != stored.Modified)
            {
                _due[stored.Key] = known = (stored.Modified, LastWritten(stored.Document(), now) + lifetime);
            }

            if (known.Due > now)
            {
                seen.Add(stored.Key);
                continue;
            }

            try
            {
                // One that is written just now stays.
                await store.CommitAsync(StoreWrite.Delete(stored.Key, stored.Modified));
            }
            catch (IOException failure)
            {
                Log.ExpiryFailed(logger, failure.Message);
                return;
            }
        }

        foreach (var gone in _due.Keys.Where(key => !seen.Contains(key)).ToList())
        {
            _due.Remove(gone);
        }
    }

    /// <summary>Of the times an event has, the latest that is not in the future.</summary>
    private static DateTimeOffset LastWritten(JsonObject obj, DateTimeOffset now)
    {
        DateTimeOffset?[] times =
        [
            obj.Timestamp("metadata", "creationTimestamp"), obj.Timestamp("lastTimestamp"), obj.Timestamp("series", "lastObservedTime"), obj.Timestamp("eventTime"),
        ];
        return times.Where(at => at <= now).Max() ?? now;
    }
}
