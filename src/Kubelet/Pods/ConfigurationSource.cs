using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;

namespace Dataplane.Kubelet.Pods;

/// <summary>ConfigMaps, Secrets and claims as pods refer to them.</summary>
internal sealed class ConfigurationSource(KubernetesClient client, ConfigurationWatches watches)
{
    /// <summary>The keys that hold text, of the version the server has now: what becomes an environment is never seen again.</summary>
    /// <returns>Null when it is optional and not there.</returns>
    /// <exception cref="ConfigurationException">It is not there; the words are upstream's.</exception>
    internal Task<IReadOnlyDictionary<string, byte[]>?> ConfigMapAsync(string ns, string? name, bool optional, CancellationToken cancellation) =>
        GetAsync("configmap", name, optional, async () =>
        {
            var map = await client.GetAsync<ConfigMap>(ns, name ?? "", cancellation);
            return map.Data.ToDictionary(pair => pair.Key, pair => Encoding.UTF8.GetBytes(pair.Value));
        });

    /// <inheritdoc cref="ConfigMapAsync"/>
    internal Task<IReadOnlyDictionary<string, byte[]>?> SecretAsync(string ns, string? name, bool optional, CancellationToken cancellation) =>
        GetAsync("secret", name, optional, async () => (await client.GetAsync<Secret>(ns, name ?? "", cancellation)).Data);

    /// <summary>All keys of what is followed for the pod, as of the last change seen.</summary>
    /// <inheritdoc cref="ConfigMapAsync"/>
    internal async Task<IReadOnlyDictionary<string, byte[]>?> FollowedAsync(ConfigurationName name, bool optional, CancellationToken cancellation) =>
        await watches.ContentAsync(name, cancellation)
        ?? (optional ? null : throw new ConfigurationException($"{name.Kind.ToString().ToLowerInvariant()} \"{name.Name}\" not found"));

    /// <summary>The volume a claim is bound to.</summary>
    /// <exception cref="ConfigurationException">There is none, or it is another claim's.</exception>
    internal async Task<PersistentVolume> ClaimedVolumeAsync(string ns, string claimName, CancellationToken cancellation)
    {
        try
        {
            var claim = await client.GetAsync<PersistentVolumeClaim>(ns, claimName, cancellation);
            if (claim.Status.Phase != "Bound" || string.IsNullOrEmpty(claim.Spec.VolumeName))
            {
                throw new ConfigurationException($"error processing PVC {ns}/{claimName}: PVC is not bound");
            }

            var volume = await client.GetAsync<PersistentVolume>("", claim.Spec.VolumeName, cancellation);
            return volume.Spec.ClaimRef?.UID == claim.Metadata.UID
                ? volume
                : throw new ConfigurationException($"error processing PVC {ns}/{claimName}: volume {volume.Metadata.Name} is bound to another claim");
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException)
        {
            throw new ConfigurationException($"error processing PVC {ns}/{claimName}: {failure.Message}");
        }
    }

    private static async Task<IReadOnlyDictionary<string, byte[]>?> GetAsync(
        string kind, string? name, bool optional, Func<Task<Dictionary<string, byte[]>>> get)
    {
        try
        {
            return await get();
        }
        catch (ApiException refusal) when (refusal.IsNotFound && optional)
        {
            return null;
        }
        catch (ApiException refusal)
        {
            throw new ConfigurationException(refusal.IsNotFound ? $"{kind} \"{name}\" not found" : $"{kind} \"{name}\": {refusal.Message}");
        }
        catch (HttpRequestException failure)
        {
            throw new ConfigurationException($"{kind} \"{name}\": {failure.Message}");
        }
    }
}
