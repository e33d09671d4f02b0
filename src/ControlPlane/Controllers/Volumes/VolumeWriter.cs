using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Controllers.Volumes;

/// <summary>Writes what binding changes in volumes and claims, by patches: what it does not know stays. Each is conditional on the version read.</summary>
internal sealed class VolumeWriter(KubernetesClient client, TimeProvider time)
{
    /// <summary>Binds both sides, the volume first: a claim that says it is bound has a volume that agrees.</summary>
    public async Task BindAsync(PersistentVolume volume, PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        volume = await ReserveAsync(volume, claim, cancellationToken).ConfigureAwait(false);
        await PhaseAsync(volume, "Bound", cancellationToken).ConfigureAwait(false);
        if (claim.Spec.VolumeName != volume.Metadata.Name || !VolumeMatch.IsComplete(claim))
        {
            var annotations = new JsonObject { [VolumeMatch.BindCompleted] = "yes" };
            if (string.IsNullOrEmpty(claim.Spec.VolumeName))
            {
                annotations[VolumeMatch.BoundByController] = "yes";
            }

            claim = await PatchAsync(claim, new JsonObject
            {
                ["metadata"] = new JsonObject { ["annotations"] = annotations },
                ["spec"] = new JsonObject { ["volumeName"] = volume.Metadata.Name },
            }, null, cancellationToken).ConfigureAwait(false);
        }

        var capacity = volume.Spec.Capacity.GetValueOrDefault("storage").ToString();
        if (claim.Status.Phase != "Bound" || claim.Status.Capacity.GetValueOrDefault("storage").ToString() != capacity
            || !claim.Status.AccessModes.SequenceEqual(volume.Spec.AccessModes))
        {
            await PatchAsync(claim, new JsonObject
            {
                ["status"] = new JsonObject
                {
                    ["phase"] = "Bound",
                    ["accessModes"] = new JsonArray([.. volume.Spec.AccessModes.Select(mode => JsonValue.Create(mode))]),
                    ["capacity"] = new JsonObject { ["storage"] = capacity },
                },
            }, "status", cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Makes a volume one for a claim.</summary>
    public async Task<PersistentVolume> ReserveAsync(PersistentVolume volume, PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        if (volume.Spec.ClaimRef?.UID == claim.Metadata.UID)
        {
            return volume;
        }

        var patch = new JsonObject
        {
            ["spec"] = new JsonObject
            {
                ["claimRef"] = new JsonObject
                {
                    ["kind"] = "PersistentVolumeClaim",
                    ["apiVersion"] = "v1",
                    ["namespace"] = claim.Metadata.Namespace,
                    ["name"] = claim.Metadata.Name,
                    ["uid"] = claim.Metadata.UID,
                    ["resourceVersion"] = claim.Metadata.ResourceVersion,
                },
            },
        };
        if (volume.Spec.ClaimRef is null)
        {
            patch["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [VolumeMatch.BoundByController] = "yes" } };
        }

        return await PatchAsync(volume, patch, null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Frees a volume of a claim that chose another: wholly if the controller had chosen, else of the claim's uid only.</summary>
    public Task<PersistentVolume> UnbindAsync(PersistentVolume volume, CancellationToken cancellationToken)
    {
        var ours = volume.Metadata.Annotations.ContainsKey(VolumeMatch.BoundByController);
        var patch = ours
            ? new JsonObject
            {
                ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [VolumeMatch.BoundByController] = null } },
                ["spec"] = new JsonObject { ["claimRef"] = null },
            }
            : new JsonObject { ["spec"] = new JsonObject { ["claimRef"] = new JsonObject { ["uid"] = null, ["resourceVersion"] = null } } };
        return PatchAsync(volume, patch, null, cancellationToken);
    }

    public async Task PhaseAsync(PersistentVolume volume, string phase, CancellationToken cancellationToken, string? reason = null, string? message = null)
    {
        if (volume.Status.Phase == phase && volume.Status.Message == message)
        {
            return;
        }

        var status = new JsonObject { ["phase"] = phase, ["reason"] = reason, ["message"] = message };
        if (volume.Status.Phase != phase)
        {
            status["lastPhaseTransitionTime"] = ObjectJson.Time(time.GetUtcNow());
        }

        await PatchAsync(volume, new JsonObject { ["status"] = status }, "status", cancellationToken).ConfigureAwait(false);
    }

    public async Task PhaseAsync(PersistentVolumeClaim claim, string phase, CancellationToken cancellationToken)
    {
        if (claim.Status.Phase != phase)
        {
            await PatchAsync(claim, new JsonObject { ["status"] = new JsonObject { ["phase"] = phase } }, "status", cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Sets one annotation or field of a claim.</summary>
    public Task<T> PatchAsync<T>(T obj, JsonObject patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IResource<T>
    {
        patch.Ensure("metadata")["resourceVersion"] = obj.Metadata.ResourceVersion;
        return client.PatchAsync<T>(NamespacedName.Of(obj), PatchType.Merge, JsonSerializer.SerializeToUtf8Bytes(patch), subresource, cancellationToken);
    }
}
