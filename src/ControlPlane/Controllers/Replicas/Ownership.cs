using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Api.Selectors;
using Dataplane.ControlPlane.Controllers.Machinery;

namespace Dataplane.ControlPlane.Controllers.Replicas;

/// <summary>
/// Claims the objects a selector names: adopts those without a controller, releases own ones that no longer match.
/// Patches, because the typed objects here may know fewer fields than the server does.
/// </summary>
internal static class Ownership
{
    /// <summary>The objects that belong to an owner after claiming.</summary>
    public static Task<List<T>> ClaimAsync<TOwner, T>(
        KubernetesClient client, TOwner owner, LabelSelectorExpression selector, IEnumerable<T> candidates, CancellationToken cancellationToken)
        where TOwner : class, IResource<TOwner>
        where T : class, IResource<T> =>
        ClaimAsync(client, owner, selector, candidates, null, cancellationToken);

    /// <summary>The same; what is adopted gets a finalizer.</summary>
    public static async Task<List<T>> ClaimAsync<TOwner, T>(
        KubernetesClient client,
        TOwner owner,
        LabelSelectorExpression selector,
        IEnumerable<T> candidates,
        string? finalizer,
        CancellationToken cancellationToken)
        where TOwner : class, IResource<TOwner>
        where T : class, IResource<T>
    {
        var claimed = new List<T>();
        bool? mayAdopt = null;
        foreach (var candidate in candidates)
        {
            var controller = ControllerReference.Of(candidate.Metadata);
            var matches = selector.Matches(candidate.Metadata.Labels);
            if (controller is not null && controller.UID == owner.Metadata.UID)
            {
                if (matches)
                {
                    claimed.Add(candidate);
                }
                else if (owner.Metadata.DeletionTimestamp is null)
                {
                    await ReleaseAsync(client, owner, candidate, cancellationToken).ConfigureAwait(false);
                }
            }
            else if (controller is null && matches && candidate.Metadata.DeletionTimestamp is null && owner.Metadata.DeletionTimestamp is null)
            {
                mayAdopt ??= await IsAliveAsync(client, owner, cancellationToken).ConfigureAwait(false);
                if (mayAdopt.Value)
                {
                    claimed.Add(await AdoptAsync(client, owner, candidate, finalizer, cancellationToken).ConfigureAwait(false));
                }
            }
        }

        return claimed;
    }

    /// <summary>
    /// Asks the server, before anything is adopted or made. Pods end because somebody deleted them, or because the owner is being deleted
    /// together with them: their watch can be ahead of the owner's, and whatever takes their place then keeps the owner from going.
    /// </summary>
    public static async Task<bool> IsAliveAsync<TOwner>(KubernetesClient client, TOwner owner, CancellationToken cancellationToken)
        where TOwner : class, IResource<TOwner>
    {
        try
        {
            var live = await client.GetAsync<TOwner>(NamespacedName.Of(owner), cancellationToken).ConfigureAwait(false);
            return live.Metadata.UID == owner.Metadata.UID && live.Metadata.DeletionTimestamp is null;
        }
        catch (ApiException error) when (error.IsNotFound)
        {
            return false;
        }
    }

    private static Task<T> AdoptAsync<TOwner, T>(
        KubernetesClient client, TOwner owner, T orphan, string? finalizer, CancellationToken cancellationToken)
        where TOwner : class, IResource<TOwner>
        where T : class, IResource<T>
    {
        var reference = JsonNode.Parse(ApiJson.Serialize(ControllerReference.To(owner)))!;
        return PatchOwnersAsync(client, orphan, reference, finalizer, cancellationToken);
    }

    private static async Task ReleaseAsync<TOwner, T>(KubernetesClient client, TOwner owner, T owned, CancellationToken cancellationToken)
        where TOwner : class, IResource<TOwner>
        where T : class, IResource<T>
    {
        try
        {
            await PatchOwnersAsync(
                client, owned, new JsonObject { ["$patch"] = "delete", ["uid"] = owner.Metadata.UID }, null, cancellationToken).ConfigureAwait(false);
        }
        catch (ApiException error) when (error.IsNotFound)
        {
            // Gone meanwhile: nobody's any more.
        }
    }

    /// <summary>The uid in the patch makes it fail on another object of the same name.</summary>
    private static Task<T> PatchOwnersAsync<T>(
        KubernetesClient client, T obj, JsonNode reference, string? finalizer, CancellationToken cancellationToken)
        where T : class, IResource<T>
    {
        var metadata = new JsonObject { ["uid"] = obj.Metadata.UID, ["ownerReferences"] = new JsonArray(reference) };
        if (finalizer is not null)
        {
            metadata["finalizers"] = new JsonArray(finalizer);
        }

        var patch = new JsonObject { ["metadata"] = metadata };
        return client.PatchAsync<T>(
            NamespacedName.Of(obj), PatchType.StrategicMerge, JsonSerializer.SerializeToUtf8Bytes(patch), cancellationToken: cancellationToken);
    }
}
