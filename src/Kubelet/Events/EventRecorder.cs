using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Kubelet.Pods;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.Events;

/// <summary>
/// Writes Events without anybody waiting for it. The same again only raises the count of the first. When the server is slow
/// the oldest are dropped: events are hints.
/// </summary>
internal sealed class EventRecorder(KubernetesClient client, string nodeName, TimeProvider time, ILogger logger)
{
    private const int Waiting = 500;
    private const int Remembered = 2000;

    private readonly Channel<Event> _events = Channel.CreateBounded<Event>(
        new BoundedChannelOptions(Waiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
    private readonly Dictionary<string, Event> _seen = [];
    private long _number;

    internal void Normal(Pod pod, string? container, string reason, string message) => Record(pod, container, "Normal", reason, message);

    internal void Warning(Pod pod, string? container, string reason, string message) => Record(pod, container, "Warning", reason, message);

    /// <summary>An event about the node itself.</summary>
    internal void Node(string reason, string message, string type = "Normal") => Record(
        new ObjectReference { Kind = "Node", Name = nodeName, UID = nodeName }, "default", type, reason, message);

    /// <summary>Writes until cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await foreach (var recorded in _events.Reader.ReadAllAsync(cancellation))
            {
                await WriteAsync(recorded, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            // The agent stops; what is left is not worth waiting for.
        }
    }

    private void Record(Pod pod, string? container, string type, string reason, string message) => Record(
        new ObjectReference
        {
            Kind = "Pod",
            ApiVersion = "v1",
            Namespace = pod.Metadata.Namespace,
            Name = pod.Metadata.Name,
            UID = pod.Metadata.UID,
            ResourceVersion = pod.Metadata.ResourceVersion,
            FieldPath = container is null ? null : PodContainers.FieldOf(pod.Spec, container),
        },
        pod.Metadata.Namespace, type, reason, message);

    private void Record(ObjectReference about, string ns, string type, string reason, string message)
    {
        var now = time.GetUtcNow();
        var number = Interlocked.Increment(ref _number) + now.UtcTicks;
        _events.Writer.TryWrite(new Event
        {
            Metadata = new ObjectMeta { Namespace = ns, Name = $"{about.Name}.{number.ToString("x16", CultureInfo.InvariantCulture)}" },
            InvolvedObject = about,
            Type = type,
            Reason = reason,
            Message = message,
            FirstTimestamp = now,
            LastTimestamp = now,
            Count = 1,
            Source = new EventSource { Component = "kubelet", Host = nodeName },
            ReportingComponent = "kubelet",
            ReportingInstance = nodeName,
        });
    }

    private async Task WriteAsync(Event recorded, CancellationToken cancellation)
    {
        var about = recorded.InvolvedObject;
        var key = $"{about.UID}\n{about.FieldPath}\n{recorded.Reason}\n{recorded.Message}";
        try
        {
            if (_seen.TryGetValue(key, out var first))
            {
                var count = first.Count + 1;
                var last = recorded.LastTimestamp!.Value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
                var patch = Encoding.UTF8.GetBytes($$"""{"count":{{count}},"lastTimestamp":"{{last}}"}""");
                await client.PatchAsync<Event>(NamespacedName.Of(first), PatchType.Merge, patch, cancellationToken: cancellation);
                _seen[key] = first with { Count = count };
                return;
            }

            await client.CreateAsync(recorded, cancellation);
            if (_seen.Count >= Remembered)
            {
                _seen.Clear();
            }

            _seen[key] = recorded;
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException or IOException)
        {
            _seen.Remove(key);
            Log.EventNotWritten(logger, recorded.Reason ?? "", about.Name ?? "", failure.Message);
        }
    }
}
