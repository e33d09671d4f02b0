using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Dataplane.ControlPlane.Controllers.Volumes;

namespace Dataplane.ControlPlane.Scheduling;

/// <summary>Which nodes a pod's claims leave, in upstream's words. Used by the scheduler's loop only.</summary>
internal sealed class VolumeFilter
{
    private const string Conflict = "node(s) had volume node affinity conflict";
    private const string NoVolume = "node(s) didn't find available persistent volumes to bind";

    private readonly Lister<PersistentVolumeClaim> _claims;
    private readonly Lister<PersistentVolume> _volumes;
    private readonly Lister<StorageClass> _classes;

    // Chosen for pods that are being bound: name of the volume, uid of the claim.
    private readonly Dictionary<string, string> _chosen = new(StringComparer.Ordinal);

    public VolumeFilter(SharedInformers informers, Action changed)
    {
        _claims = informers.Of<PersistentVolumeClaim>();
        _volumes = informers.Of<PersistentVolume>();
        _classes = informers.Of<StorageClass>();
        _claims.OnChange(_ => changed());
        _volumes.OnChange(_ => changed());
        _classes.OnChange(_ => changed());
    }

    /// <summary>What a pod needs of volumes.</summary>
    /// <returns>Why the pod cannot run anywhere now; null when it can.</returns>
    public string? Needs(Pod pod, out PodVolumesNeeded needed)
    {
        needed = PodVolumesNeeded.None;
        if (!pod.Spec.Volumes.Exists(volume => volume.PersistentVolumeClaim is not null))
        {
            return null;
        }

        var (bound, open) = (new List<PersistentVolume>(), new List<PersistentVolumeClaim>());
        var unbound = false;
        foreach (var name in pod.Spec.Volumes.Where(volume => volume.PersistentVolumeClaim is not null).Select(volume => volume.PersistentVolumeClaim!.ClaimName).Distinct())
        {
            if (!_claims.TryGet(new NamespacedName(pod.Metadata.Namespace, name), out var claim))
            {
                return $"persistentvolumeclaim \"{name}\" not found";
            }

            if (claim.Metadata.DeletionTimestamp is not null)
            {
                return $"persistentvolumeclaim \"{name}\" is being deleted";
            }

            if (VolumeMatch.IsComplete(claim))
            {
                if (!_volumes.TryGet(new NamespacedName("", claim.Spec.VolumeName ?? ""), out var volume))
                {
                    return $"persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{claim.Spec.VolumeName}\"";
                }

                bound.Add(volume);
            }
            else if (Class(claim)?.VolumeBindingMode == "WaitForFirstConsumer")
            {
                open.Add(claim);
            }
            else
            {
                unbound = true;
            }
        }

        needed = new PodVolumesNeeded(bound, open);
        return unbound ? "pod has unbound immediate PersistentVolumeClaims" : null;
    }

    /// <summary>Why a node cannot give a pod its volumes; null when it can.</summary>
    public string? Reason(PodVolumesNeeded needed, Node node)
    {
        if (needed.Bound.Any(volume => !VolumeMatch.IsReachable(volume, node)))
        {
            return Conflict;
        }

        return needed.Open.Count == 0 || Choose(needed, node) is not null ? null : NoVolume;
    }

    /// <summary>Volumes of a node for a pod's open claims.</summary>
    /// <returns>Null when they do not suffice.</returns>
    public VolumeChoice? Choose(PodVolumesNeeded needed, Node node)
    {
        if (needed.Open.Count == 0)
        {
            return VolumeChoice.Nothing;
        }

        var taken = new HashSet<string>(StringComparer.Ordinal);
        var (chosen, provisioned) = (new List<(PersistentVolumeClaim, PersistentVolume)>(), new List<PersistentVolumeClaim>());

        // The largest first: what is left over suits the smaller ones.
        foreach (var claim in needed.Open.OrderByDescending(claim => claim.Spec.Resources.Requests.GetValueOrDefault("storage").Value))
        {
            var others = _chosen.Where(entry => entry.Value != claim.Metadata.UID).Select(entry => entry.Key).Concat(taken).ToHashSet(StringComparer.Ordinal);
            if (VolumeMatch.Find(claim, _volumes.All, node, taken: others) is { } volume)
            {
                chosen.Add((claim, volume));
                taken.Add(volume.Metadata.Name);
            }
            else if (Class(claim)?.Provisioner is { } provisioner and not VolumeMatch.NoProvisioner)
            {
                provisioned.Add(claim);
            }
            else
            {
                return null;
            }
        }

        return new VolumeChoice(chosen, provisioned);
    }

    /// <summary>Counts volumes as taken until <see cref="Release"/>.</summary>
    public void Take(VolumeChoice choice)
    {
        foreach (var (claim, volume) in choice.Chosen)
        {
            _chosen[volume.Metadata.Name] = claim.Metadata.UID;
        }
    }

    public void Release(VolumeChoice choice)
    {
        foreach (var (_, volume) in choice.Chosen)
        {
            _chosen.Remove(volume.Metadata.Name);
        }
    }

    private StorageClass? Class(PersistentVolumeClaim claim) =>
        _classes.TryGet(new NamespacedName("", VolumeMatch.Class(claim)), out var found) ? found : null;
}
