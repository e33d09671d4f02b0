using System.Text.Json.Nodes;
using System.Threading.Channels;
using Dataplane.Api;
using Dataplane.Api.Client;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.Pods;

/// <summary>
/// Sends one pod's status to the server: only what changed, only the latest, never two requests at a time.
/// </summary>
internal sealed class PodStatusWriter(KubernetesClient client, Pod pod, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly Channel<PodStatus> _latest = Channel.CreateBounded<PodStatus>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
    private PodStatus _sent = pod.Status;

    internal void Publish(PodStatus status) => _latest.Writer.TryWrite(status);

    /// <summary>No more will be published: <see cref="RunAsync"/> ends after the last, for which a failure is not tried again.</summary>
    internal void Complete() => _latest.Writer.TryComplete();

    internal async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (await _latest.Reader.WaitToReadAsync(cancellation))
            {
                while (_latest.Reader.TryRead(out var status))
                {
                    while (!await TrySendAsync(status, cancellation) && !_latest.Reader.Completion.IsCompleted)
                    {
                        await Task.Delay(RetryDelay, time, cancellation);

                        // Taken here and not written back: a newer status must not give way to the one that failed.
                        status = _latest.Reader.TryRead(out var newer) ? newer : status;
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The agent stops.
        }
    }

    /// <returns>False when the server could not be told.</returns>
    private async Task<bool> TrySendAsync(PodStatus status, CancellationToken cancellation)
    {
        var patch = Difference(_sent, status);
        if (patch.Count == 0)
        {
            return true;
        }

        var body = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = pod.Metadata.UID }, ["status"] = patch };
        try
        {
            await client.PatchAsync<Pod>(
                NamespacedName.Of(pod), PatchType.Merge, System.Text.Encoding.UTF8.GetBytes(body.ToJsonString()), "status", cancellation);
            _sent = status;
            return true;
        }
        catch (ApiException refusal) when (refusal.IsNotFound || refusal.IsConflict)
        {
            // Gone, or another pod of the same name: nobody is left to be told.
            _sent = status;
            return true;
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException or IOException)
        {
            Log.PodProblem(logger, NamespacedName.Of(pod).ToString(), $"status not written: {failure.Message}");
            return false;
        }
    }

    /// <summary>A merge patch (RFC 7386): members that differ, null for those that went.</summary>
    internal static JsonObject Difference(PodStatus before, PodStatus after)
    {
        var (old, now, patch) = (Json(before), Json(after), new JsonObject());
        foreach (var (name, value) in now)
        {
            if (!JsonNode.DeepEquals(old[name], value))
            {
                patch[name] = value?.DeepClone();
            }
        }

        foreach (var (name, _) in old)
        {
            if (!now.ContainsKey(name))
            {
                patch[name] = null;
            }
        }

        return patch;
    }

    private static JsonObject Json(PodStatus status) => JsonNode.Parse(ApiJson.Serialize(status))!.AsObject();
}
