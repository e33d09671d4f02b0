using System.Collections.Concurrent;
using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Kubelet.Pods;

namespace Dataplane.Kubelet.Volumes;

/// <summary>Tokens of pods' service accounts, bound to the pod, and when each is to be replaced.</summary>
/// <remarks>Source of the times: the kubelet's token manager renews after four fifths of a token's life, after a day at the latest.</remarks>
internal sealed class TokenSource(KubernetesClient client, TimeProvider time)
{
    private const long DefaultSeconds = 3600;
    private static readonly TimeSpan OldestToken = TimeSpan.FromHours(24);

    /// <summary>How long a token that could not be renewed is left before the next try.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<Key, IssuedToken> _tokens = [];

    private sealed record Key(string Uid, string Audience, long Seconds);

    private sealed record IssuedToken(byte[] Content, DateTimeOffset RenewAt);

    /// <summary>The token of a projection: the one at hand, or a new one when it is time.</summary>
    /// <exception cref="ConfigurationException">There is none and none can be had.</exception>
    internal async Task<byte[]> TokenAsync(Pod pod, ServiceAccountTokenProjection source, CancellationToken cancellation)
    {
        var key = new Key(pod.Metadata.UID, source.Audience ?? "", source.ExpirationSeconds ?? DefaultSeconds);
        var now = time.GetUtcNow();
        if (_tokens.TryGetValue(key, out var known) && known.RenewAt > now)
        {
            return known.Content;
        }

        try
        {
            var issued = await IssueAsync(pod, key, now, cancellation);
            _tokens[key] = issued;
            return issued.Content;
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException)
        {
            if (known is null)
            {
                throw new ConfigurationException($"failed to fetch token: {failure.Message}");
            }

            // The old one is good for a fifth of its life yet.
            _tokens[key] = known with { RenewAt = now + RetryInterval };
            return known.Content;
        }
    }

    /// <summary>When the first of a pod's tokens is to be replaced; null when it has none.</summary>
    internal DateTimeOffset? RenewAt(string uid) =>
        _tokens.Where(entry => entry.Key.Uid == uid).Select(entry => (DateTimeOffset?)entry.Value.RenewAt).Min();

    internal void Forget(string uid)
    {
        foreach (var key in _tokens.Keys.Where(key => key.Uid == uid))
        {
            _tokens.TryRemove(key, out _);
        }
    }

    private async Task<IssuedToken> IssueAsync(Pod pod, Key key, DateTimeOffset now, CancellationToken cancellation)
    {
        var request = new TokenRequest
        {
            Spec = new TokenRequestSpec
            {
                Audiences = key.Audience.Length == 0 ? [] : [key.Audience],
                ExpirationSeconds = key.Seconds,
                BoundObjectRef = new BoundObjectReference { Kind = "Pod", ApiVersion = "v1", Name = pod.Metadata.Name, UID = pod.Metadata.UID },
            },
        };
        var account = new NamespacedName(pod.Metadata.Namespace, pod.Spec.ServiceAccountName is { Length: > 0 } name ? name : "default");
        var answer = await client.CreateTokenAsync(account, request, cancellation);
        var lifetime = (answer.Status.ExpirationTimestamp ?? now.AddSeconds(key.Seconds)) - now;
        var renewAfter = 0.8 * lifetime;
        return new IssuedToken(Encoding.UTF8.GetBytes(answer.Status.Token), now + (renewAfter < OldestToken ? renewAfter : OldestToken));
    }
}
