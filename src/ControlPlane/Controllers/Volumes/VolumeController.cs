using System.Text.RegularExpressions;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Volumes;

/// <summary>Keeps the phases of volumes, and does with those whose claim is gone what their reclaim policy says.</summary>
internal sealed partial class VolumeController : Controller
{
    private readonly KubernetesClient _client;
    private readonly Lister<PersistentVolumeClaim> _claims;
    private readonly Lister<PersistentVolume> _volumes;
    private readonly VolumeWriter _writer;
    private readonly EventRecorder _events;

    public VolumeController(KubernetesClient client, SharedInformers informers, EventRecorder events, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _events = events;
        _writer = new VolumeWriter(client, time);
        _claims = informers.Of<PersistentVolumeClaim>();
        _volumes = informers.Of<PersistentVolume>();
        _volumes.OnChange(volume => Queue.Add(NamespacedName.Of(volume)));
        _claims.OnChange(OnClaim);
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_volumes.TryGet(key, out var volume))
        {
            return;
        }

        if (volume.Spec.ClaimRef is not { } reference || string.IsNullOrEmpty(reference.UID))
        {
            await _writer.PhaseAsync(volume, "Available", cancellationToken).ConfigureAwait(false);
            return;
        }

        var claim = await FindAsync(reference, cancellationToken).ConfigureAwait(false);
        if (claim is null)
        {
            await ReclaimAsync(volume, cancellationToken).ConfigureAwait(false);
        }
        else if (claim.Spec.VolumeName == volume.Metadata.Name)
        {
            await _writer.PhaseAsync(volume, "Bound", cancellationToken).ConfigureAwait(false);
        }
        else if (!string.IsNullOrEmpty(claim.Spec.VolumeName))
        {
            await _writer.UnbindAsync(volume, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The claim of a reference, if it is still that one. Before anything is reclaimed the server itself is asked.</summary>
    private async Task<PersistentVolumeClaim?> FindAsync(ObjectReference reference, CancellationToken cancellationToken)
    {
        var name = new NamespacedName(reference.Namespace ?? "", reference.Name ?? "");
        if (_claims.TryGet(name, out var cached) && cached.Metadata.UID == reference.UID)
        {
            return cached;
        }

        try
        {
            var live = await _client.GetAsync<PersistentVolumeClaim>(name, cancellationToken).ConfigureAwait(false);
            return live.Metadata.UID == reference.UID ? live : null;
        }
        catch (ApiException error) when (error.IsNotFound)
        {
            return null;
        }
    }

    private async Task ReclaimAsync(PersistentVolume volume, CancellationToken cancellationToken)
    {
        if (volume.Status.Phase is not ("Released" or "Failed"))
        {
            await _writer.PhaseAsync(volume, "Released", cancellationToken).ConfigureAwait(false);
            return;
        }

        if (volume.Status.Phase == "Failed" || volume.Metadata.DeletionTimestamp is not null)
        {
            return;
        }

        switch (volume.Spec.PersistentVolumeReclaimPolicy)
        {
            case "Recycle":
                await FailAsync(volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!", cancellationToken).ConfigureAwait(false);
                break;
            case "Delete" when !volume.Metadata.Annotations.ContainsKey("pv.kubernetes.io/provisioned-by"):
                await DeleteAsync(volume, cancellationToken).ConfigureAwait(false);
                break;
        }
    }

    /// <summary>Only directories below /tmp are removed, as upstream's deleter does: a path in an object must not empty the machine.</summary>
    private async Task DeleteAsync(PersistentVolume volume, CancellationToken cancellationToken)
    {
        if (volume.Spec.HostPath is not { } host)
        {
            await FailAsync(
                volume, "VolumeFailedDelete", $"error getting deleter volume plugin for volume \"{volume.Metadata.Name}\": no deletable volume plugin matched", cancellationToken)
                .ConfigureAwait(false);
            return;
        }

        var path = Path.GetFullPath(host.Path);
        if (!BelowTemporary().IsMatch(path))
        {
            await FailAsync(volume, "VolumeFailedDelete", $"host_path deleter only supports /tmp/.+ but received provided {host.Path}", cancellationToken).ConfigureAwait(false);
            return;
        }

        try
        {
            if (Directory.Exists(path))
            {
                Directory.Delete(path, recursive: true);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            await FailAsync(volume, "VolumeFailedDelete", failure.Message, cancellationToken).ConfigureAwait(false);
            return;
        }

        await _client.DeleteAsync<PersistentVolume>(NamespacedName.Of(volume), cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    private Task FailAsync(PersistentVolume volume, string reason, string message, CancellationToken cancellationToken)
    {
        _events.Warning(volume, reason, message);
        return _writer.PhaseAsync(volume, "Failed", cancellationToken, message: message);
    }

    private void OnClaim(PersistentVolumeClaim claim)
    {
        foreach (var volume in _volumes.All.Where(volume =>
            volume.Metadata.Name == claim.Spec.VolumeName
            || (volume.Spec.ClaimRef is { } reference && reference.Name == claim.Metadata.Name && reference.Namespace == claim.Metadata.Namespace)))
        {
            Queue.Add(NamespacedName.Of(volume));
        }
    }

    [GeneratedRegex("^/tmp/.+")]
    private static partial Regex BelowTemporary();
}
