using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;

namespace Dataplane.ControlPlane.Controllers.StatefulSets;

/// <summary>Creates, looks after and deletes the pods of stateful sets and their claims.</summary>
internal sealed class StatefulPodWriter(
    KubernetesClient client, OwnWrites<Pod> pods, OwnWrites<PersistentVolumeClaim> claims, EventRecorder events)
{
    /// <summary>Creates a pod after its claims; does nothing while a claim is about to go with an earlier pod.</summary>
    public async Task CreateAsync(StatefulSet set, Pod pod, int ordinal, CancellationToken cancellationToken)
    {
        var existing = Claims(set);
        if (StatefulPod.Claims(set, ordinal).Any(claim =>
            existing.TryGetValue(claim.Metadata.Name, out var old) && ClaimRetention.IsLeaving(old, pod.Metadata.Name)))
        {
            return;
        }

        await EnsureClaimsAsync(set, pod, ordinal, existing, cancellationToken).ConfigureAwait(false);
        Pod created;
        try
        {
            created = pods.Wrote(await client.CreateAsync(pod, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception error) when (error is ApiException { IsAlreadyExists: false } or HttpRequestException)
        {
            events.Warning(set, "FailedCreate", $"create Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} failed error: {error.Message}");
            throw;
        }

        events.Normal(set, "SuccessfulCreate", $"create Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} successful");
        await RetainClaimsAsync(set, created, ordinal, condemned: false, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Gives a pod its labels, its missing claims, and the claims their owners.</summary>
    public async Task KeepAsync(StatefulSet set, Pod pod, int ordinal, CancellationToken cancellationToken)
    {
        if (pod.Status.Phase == "Pending")
        {
            await EnsureClaimsAsync(set, pod, ordinal, Claims(set), cancellationToken).ConfigureAwait(false);
        }

        await RetainClaimsAsync(set, pod, ordinal, condemned: false, cancellationToken).ConfigureAwait(false);
        if (StatefulPod.HasIdentity(set, pod, ordinal))
        {
            return;
        }

        // Volumes of a running pod cannot be changed; its labels can.
        var labels = StatefulPod.WithIdentity(set, pod, ordinal).Metadata.Labels;
        if (labels.Any(label => pod.Metadata.Labels.GetValueOrDefault(label.Key) != label.Value))
        {
            var patch = Metadata(pod.Metadata, "labels", new JsonObject(labels.Select(label => KeyValuePair.Create(label.Key, (JsonNode?)label.Value))));
            pods.Wrote(await client.PatchAsync<Pod>(
                NamespacedName.Of(pod), PatchType.Merge, patch, cancellationToken: cancellationToken).ConfigureAwait(false));
            events.Normal(set, "SuccessfulUpdate", $"update Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} successful");
        }
    }

    /// <summary>Asks a pod to end.</summary>
    public async Task DeleteAsync(StatefulSet set, Pod pod, CancellationToken cancellationToken)
    {
        if (pod.Status.Phase is "Failed" or "Succeeded")
        {
            var (reason, state) = pod.Status.Phase == "Failed" ? ("RecreatingFailedPod", "failed") : ("RecreatingTerminatedPod", "terminated");
            events.Warning(
                set, reason, $"StatefulSet {set.Metadata.Namespace}/{set.Metadata.Name} is recreating {state} Pod {pod.Metadata.Name}");
        }

        try
        {
            var sameLife = new DeleteOptions { Preconditions = new Preconditions { UID = pod.Metadata.UID } };
            await client.DeleteAsync<Pod>(NamespacedName.Of(pod), sameLife, cancellationToken).ConfigureAwait(false);
        }
        catch (ApiException error) when (error.IsNotFound)
        {
            pods.Deleted(pod);
            return;
        }
        catch (Exception error) when (error is ApiException or HttpRequestException)
        {
            events.Warning(set, "FailedDelete", $"delete Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} failed error: {error.Message}");
            throw;
        }

        pods.Ending(pod);
        events.Normal(set, "SuccessfulDelete", $"delete Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} successful");
    }

    /// <summary>Makes the owners of a pod's claims what the set's policy says.</summary>
    public async Task RetainClaimsAsync(StatefulSet set, Pod pod, int ordinal, bool condemned, CancellationToken cancellationToken)
    {
        var existing = Claims(set);
        foreach (var name in StatefulPod.Claims(set, ordinal).Select(claim => claim.Metadata.Name))
        {
            if (!existing.TryGetValue(name, out var claim) || claim.Metadata.DeletionTimestamp is not null)
            {
                continue;
            }

            var owners = ClaimRetention.Owners(set, claim, pod, condemned);
            if (owners.SequenceEqual(claim.Metadata.OwnerReferences))
            {
                continue;
            }

            var references = new JsonArray([.. owners.Select(owner => JsonNode.Parse(ApiJson.Serialize(owner)))]);
            claims.Wrote(await client.PatchAsync<PersistentVolumeClaim>(
                NamespacedName.Of(claim), PatchType.Merge, Metadata(claim.Metadata, "ownerReferences", references), cancellationToken: cancellationToken)
                .ConfigureAwait(false));
        }
    }

    private static byte[] Metadata(ObjectMeta metadata, string field, JsonNode value) => JsonSerializer.SerializeToUtf8Bytes(new JsonObject
    {
        ["metadata"] = new JsonObject { ["uid"] = metadata.UID, ["resourceVersion"] = metadata.ResourceVersion, [field] = value },
    });

    private Dictionary<string, PersistentVolumeClaim> Claims(StatefulSet set) =>
        set.Spec.VolumeClaimTemplates.Count == 0
            ? []
            : claims.In(set.Metadata.Namespace)
                .GroupBy(claim => claim.Metadata.Name)
                .ToDictionary(group => group.Key, group => group.MaxBy(claim => claim.Metadata.CreationTimestamp)!);

    private async Task EnsureClaimsAsync(
        StatefulSet set, Pod pod, int ordinal, Dictionary<string, PersistentVolumeClaim> existing, CancellationToken cancellationToken)
    {
        foreach (var claim in StatefulPod.Claims(set, ordinal))
        {
            var about = $"create Claim {claim.Metadata.Name} Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name}";
            if (existing.TryGetValue(claim.Metadata.Name, out var old))
            {
                if (old.Metadata.DeletionTimestamp is not null)
                {
                    events.Warning(set, "FailedCreate", $"{about} failed error: pvc {claim.Metadata.Name} is being deleted");
                    throw new InvalidOperationException($"pvc {claim.Metadata.Name} is being deleted");
                }

                continue;
            }

            try
            {
                claims.Wrote(await client.CreateAsync(claim, cancellationToken).ConfigureAwait(false));
                events.Normal(set, "SuccessfulCreate", $"{about} success");
            }
            catch (Exception error) when (error is ApiException { IsAlreadyExists: false } or HttpRequestException)
            {
                events.Warning(set, "FailedCreate", $"{about} failed error: {error.Message}");
                throw;
            }
        }
    }
}
