using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Dataplane.Api;
using Dataplane.Api.Client;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.Pods;

/// <summary>
/// Sends one pod's status to the server: only what differs from what the server has, only the latest, never two requests at a time.
/// </summary>
/// <param name="client">The server.</param>
/// <param name="pod">Whose status it is; null while the server knows no such pod.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Told of failures.</param>
internal sealed class PodStatusWriter(KubernetesClient client, Pod? pod, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>What the agent may take back, and what it says of a condition.</summary>
    private static readonly string[] Removable = ["message", "reason", "podIP", "podIPs"];
    private static readonly string[] Spoken = ["status", "reason", "message", "lastTransitionTime"];
    private readonly Lock _gate = new();

    private readonly Channel<PodStatus> _latest = Channel.CreateBounded<PodStatus>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
    private volatile KnownStatus? _known = pod is null ? null : KnownStatus.Of(pod);

    /// <summary>A version of the pod as the server has it: what others changed of the agent's own is set right by the next status.</summary>
    internal void Observe(Pod seen) => Learn(KnownStatus.Of(seen));

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

    /// <summary>Versions of one object are numbers that grow (KEP-5504): what comes late is no news.</summary>
    private void Learn(KnownStatus seen)
    {
        lock (_gate)
        {
            if (_known is null || seen.Version > _known.Version)
            {
                _known = seen;
            }
        }
    }

    /// <returns>False when the server could not be told.</returns>
    private async Task<bool> TrySendAsync(PodStatus status, CancellationToken cancellation)
    {
        if (_known is not { } known)
        {
            return false;
        }

        var patch = Difference(known.Status, status);
        if (patch.Count == 0)
        {
            return true;
        }

        var body = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = known.Uid }, ["status"] = patch };
        try
        {
            var answer = await client.PatchAsync<Pod>(
                known.Name, PatchType.StrategicMerge, System.Text.Encoding.UTF8.GetBytes(body.ToJsonString()), "status", cancellation);
            Learn(KnownStatus.Of(answer));
            return true;
        }
        catch (ApiException refusal) when (refusal.IsNotFound || refusal.IsConflict)
        {
            // Gone, or another pod of the same name: nobody is left to be told.
            return true;
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException or IOException)
        {
            Log.PodProblem(logger, known.Name.ToString(), $"status not written: {failure.Message}");
            return false;
        }
    }

    /// <summary>
    /// A strategic merge patch of what differs: null for what went, and of the conditions only those that are the agent's and changed, so that
    /// nobody else's is ever written back.
    /// </summary>
    internal static JsonObject Difference(PodStatus before, PodStatus after)
    {
        var (old, now, patch) = (Json(before), Json(after), new JsonObject());
        foreach (var (name, value) in now)
        {
            if (name == "conditions")
            {
                if (Changed(old[name]?.AsArray() ?? [], value!.AsArray()) is { Count: > 0 } changed)
                {
                    patch[name] = changed;
                }
            }
            else if (!JsonNode.DeepEquals(old[name], value))
            {
                patch[name] = name is "podIPs" or "hostIPs" ? Replaced(value!.AsArray()) : value?.DeepClone();
            }
        }

        foreach (var name in Removable.Where(name => old.ContainsKey(name) && !now.ContainsKey(name)))
        {
            patch[name] = null;
        }

        return patch;
    }

    private static JsonArray Changed(JsonArray before, JsonArray after)
    {
        var changed = new JsonArray();
        foreach (var condition in after.OfType<JsonObject>())
        {
            var old = before.OfType<JsonObject>().FirstOrDefault(one => one["type"]!.GetValue<string>() == condition["type"]!.GetValue<string>());
            if (old is null || Spoken.Any(name => !JsonNode.DeepEquals(old[name], condition[name])))
            {
                var copy = condition.DeepClone().AsObject();
                foreach (var name in Spoken.Where(name => old?[name] is not null && condition[name] is null))
                {
                    copy[name] = null;
                }

                changed.Add(copy);
            }
        }

        var gone = before.OfType<JsonObject>().Select(one => one["type"]!.GetValue<string>())
            .Where(type => PodConditions.Passing.Contains(type) && !after.Any(one => one!["type"]!.GetValue<string>() == type));
        foreach (var type in gone)
        {
            changed.Add(new JsonObject { ["$patch"] = "delete", ["type"] = type });
        }

        return changed;
    }

    /// <summary>The server would merge lists of addresses; they are to be these and no others.</summary>
    private static JsonArray Replaced(JsonArray addresses) => [new JsonObject { ["$patch"] = "replace" }, .. addresses.Select(one => one!.DeepClone())];

    private static JsonObject Json(PodStatus status) => JsonNode.Parse(ApiJson.Serialize(status))!.AsObject();

    private sealed record KnownStatus(NamespacedName Name, string Uid, ulong Version, PodStatus Status)
    {
        internal static KnownStatus Of(Pod pod) =>
            new(NamespacedName.Of(pod), pod.Metadata.UID, ulong.TryParse(pod.Metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0, pod.Status);
    }
}
