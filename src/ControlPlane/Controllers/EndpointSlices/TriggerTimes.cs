using System.Globalization;
using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.EndpointSlices;

/// <summary>
/// Remembers, for each service, when its pods last changed readiness, to tell when the oldest cause of the next write happened.
/// Consumers measure their programming latency from it.
/// </summary>
internal sealed class TriggerTimes
{
    private readonly Lock _gate = new();
    private readonly Dictionary<NamespacedName, Dictionary<string, DateTimeOffset>> _seen = [];

    /// <summary>The oldest new cause in RFC 3339 with nanosecond digits as far as known, or null when nothing with a time has changed.</summary>
    public string? Next(Service service, IReadOnlyCollection<Pod> pods)
    {
        lock (_gate)
        {
            var name = NamespacedName.Of(service);
            var known = _seen.TryGetValue(name, out var before);
            DateTimeOffset? oldest = known ? null : service.Metadata.CreationTimestamp;
            var now = new Dictionary<string, DateTimeOffset>(pods.Count);
            foreach (var pod in pods)
            {
                if (PodEndpoints.ReadyCondition(pod)?.LastTransitionTime is not { } time)
                {
                    continue;
                }

                now[pod.Metadata.UID] = time;
                // After a restart every pod looks new: only what the service had not seen before counts.
                if (known && (!before!.TryGetValue(pod.Metadata.UID, out var last) || last < time) && (oldest is null || time < oldest))
                {
                    oldest = time;
                }
            }

            _seen[name] = now;
            return oldest?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFFZ", CultureInfo.InvariantCulture);
        }
    }

    public void Forget(NamespacedName service)
    {
        lock (_gate)
        {
            _seen.Remove(service);
        }
    }
}
