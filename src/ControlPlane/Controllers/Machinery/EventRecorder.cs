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

    private readonly Channel<(ObjectReference About, string Type, string Reason, string Message)> _queue =
        Channel.CreateBounded<(ObjectReference, string, string, string)>(
            new BoundedChannelOptions(Backlog) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly Dictionary<(string? UID, string Reason, string Message), Event> _known = [];

    public void Normal<T>(T about, string reason, string message)
        where T : IResource<T> =>
        _queue.Writer.TryWrite((Reference(about), "Normal", reason, message));

    public void Warning<T>(T about, string reason, string message)
        where T : IResource<T> =>
        _queue.Writer.TryWrite((Reference(about), "Warning", reason, message));

    /// <summary>Writes queued events until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var (about, type, reason, message) in _queue.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                try
                {
                    await WriteAsync(about, type, reason, message, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception error) when (error is ApiException or HttpRequestException)
                {
                    Log.EventLost(logger, about.Name, error.Message);
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

    private async Task WriteAsync(ObjectReference about, string type, string reason, string message, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var key = (about.UID, reason, message);
        if (_known.TryGetValue(key, out var known))
        {
            try
            {
                _known[key] = await client.UpdateAsync(
                    known with { Count = known.Count + 1, LastTimestamp = now }, cancellationToken: cancellationToken).ConfigureAwait(false);
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

        _known[key] = await client.CreateAsync(
            new Event
            {
                Metadata = new ObjectMeta { Namespace = about.Namespace ?? "default", Name = $"{about.Name}.{now.UtcTicks:x}" },
                InvolvedObject = about,
                Type = type,
                Reason = reason,
                Message = message,
                Source = new EventSource { Component = component },
                ReportingComponent = component,
                FirstTimestamp = now,
                LastTimestamp = now,
                Count = 1,
            },
            cancellationToken).ConfigureAwait(false);
    }
}
