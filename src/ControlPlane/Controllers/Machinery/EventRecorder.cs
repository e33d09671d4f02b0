using System.Threading.Channels;
using Dataplane.Api;
using Dataplane.Api.Client;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Machinery;

/// <summary>Writes events about objects in the background; the same event again raises the count of the first.</summary>
/// <remarks>Events are best effort: when the server is slow or gone the newest are dropped, and the work they tell of goes on.</remarks>
internal sealed class EventRecorder(KubernetesClient client, string component, ILogger logger, TimeProvider time)
{
    private const int Backlog = 1000;
    private const int Remembered = 4096;

    private readonly Channel<Happening> _queue =
        Channel.CreateBounded<Happening>(new BoundedChannelOptions(Backlog) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly Dictionary<(string? UID, string Reason, string Message), Event> _known = [];

    /// <param name="about">The object.</param>
    /// <param name="reason">A word for programs.</param>
    /// <param name="message">A sentence for people.</param>
    /// <param name="action">What was done, in a component that speaks of events in the way of events.k8s.io, as the scheduler; null in the old way.</param>
    public void Normal<T>(T about, string reason, string message, string? action = null)
        where T : IResource<T> =>
        _queue.Writer.TryWrite(new Happening(Reference(about), "Normal", reason, message, action));

    /// <inheritdoc cref="Normal{T}"/>
    public void Warning<T>(T about, string reason, string message, string? action = null)
        where T : IResource<T> =>
        _queue.Writer.TryWrite(new Happening(Reference(about), "Warning", reason, message, action));

    /// <summary>Writes queued events until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var happening in _queue.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                try
                {
                    await WriteAsync(happening, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception error) when (error is ApiException or HttpRequestException)
                {
                    Log.EventLost(logger, happening.About.Name, error.Message);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The end asked for.
        }
    }

    private static ObjectReference Reference<T>(T about)
        where T : IResource<T> => new()
        {
            ApiVersion = T.Resource.ApiVersion,
            Kind = T.Resource.Kind,
            Namespace = about.Metadata.Namespace.Length == 0 ? null : about.Metadata.Namespace,
            Name = about.Metadata.Name,
            UID = about.Metadata.UID,
            ResourceVersion = about.Metadata.ResourceVersion,
        };

    private async Task WriteAsync(Happening happening, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var key = (happening.About.UID, happening.Reason, happening.Message);
        if (_known.TryGetValue(key, out var known))
        {
            try
            {
                _known[key] = await client.UpdateAsync(Again(known, now), cancellationToken: cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (ApiException error) when (error.IsNotFound || error.IsConflict)
            {
                // Expired, or somebody else's now: a new one is written below.
            }
        }

        if (_known.Count >= Remembered)
        {
            _known.Clear();
        }

        _known[key] = await client.CreateAsync(First(happening, now), cancellationToken).ConfigureAwait(false);
    }

    private static Event Again(Event known, DateTimeOffset now) => known.EventTime is null
        ? known with { Count = known.Count + 1, LastTimestamp = now }
        : known with { Series = new EventSeries { Count = (known.Series?.Count ?? 1) + 1, LastObservedTime = now } };

    private Event First(Happening happening, DateTimeOffset now)
    {
        var first = new Event
        {
            Metadata = new ObjectMeta { Namespace = happening.About.Namespace ?? "default", Name = $"{happening.About.Name}.{now.UtcTicks:x}" },
            InvolvedObject = happening.About,
            Type = happening.Type,
            Reason = happening.Reason,
            Message = happening.Message,
            ReportingComponent = component,
        };
        return happening.Action is { } action
            ? first with { EventTime = now, Action = action, ReportingInstance = $"{component}-{Environment.MachineName}" }
            : first with { Source = new EventSource { Component = component }, FirstTimestamp = now, LastTimestamp = now, Count = 1 };
    }

    private sealed record Happening(ObjectReference About, string Type, string Reason, string Message, string? Action);
}
