using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Volumes;

/// <summary>Finds a volume for every claim and keeps the two together. Texts of events are upstream's.</summary>
internal sealed class ClaimController : Controller
{
    private readonly Lister<PersistentVolumeClaim> _claims;
    private readonly Lister<PersistentVolume> _volumes;
    private readonly Lister<StorageClass> _classes;
    private readonly VolumeWriter _writer;
    private readonly EventRecorder _events;

    // Two claims must not find the same volume at the same time.
    private readonly SemaphoreSlim _one = new(1);

    public ClaimController(KubernetesClient client, SharedInformers informers, EventRecorder events, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _events = events;
        _writer = new VolumeWriter(client, time);
        _claims = informers.Of<PersistentVolumeClaim>();
        _volumes = informers.Of<PersistentVolume>();
        _classes = informers.Of<StorageClass>();
        _claims.OnChange(claim => Queue.Add(NamespacedName.Of(claim)));
        _volumes.OnChange(OnVolume);
        _classes.OnChange(_ => EnqueueUnbound());
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_claims.TryGet(key, out var claim))
            {
                return;
            }

            await (VolumeMatch.IsComplete(claim) ? KeepAsync(claim, cancellationToken) : BindAsync(claim, cancellationToken)).ConfigureAwait(false);
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task BindAsync(PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        if (claim.Spec.VolumeName is { Length: > 0 } name)
        {
            await BindToAsync(claim, name, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (claim.Spec.StorageClassName is null && VolumeMatch.Class(claim).Length == 0 && DefaultClass() is { } usual)
        {
            // A default that came after the claim counts for it too (KEP-3333).
            await _writer.PatchAsync(
                claim, new JsonObject { ["spec"] = new JsonObject { ["storageClassName"] = usual.Metadata.Name } }, null, cancellationToken).ConfigureAwait(false);
            return;
        }

        var className = VolumeMatch.Class(claim);
        var waits = Waits(claim);
        if (VolumeMatch.Find(claim, _volumes.All, onlyNamed: waits) is { } volume)
        {
            await _writer.BindAsync(volume, claim, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (waits)
        {
            _events.Normal(claim, "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
        }
        else if (className.Length == 0)
        {
            _events.Normal(claim, "FailedBinding", "no persistent volumes available for this claim and no storage class is set");
        }
        else
        {
            await ProvisionAsync(claim, className, cancellationToken).ConfigureAwait(false);
        }

        await PendAsync(claim, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>There is no provisioner here: one outside is told, in the claim, that it is its turn.</summary>
    private async Task ProvisionAsync(PersistentVolumeClaim claim, string className, CancellationToken cancellationToken)
    {
        if (!_classes.TryGet(new NamespacedName("", className), out var found))
        {
            _events.Warning(claim, "ProvisioningFailed", $"storageclass.storage.k8s.io \"{className}\" not found");
        }
        else if (found.Provisioner.StartsWith("kubernetes.io/", StringComparison.Ordinal))
        {
            _events.Warning(claim, "ProvisioningFailed", $"no volume plugin matched name: {found.Provisioner}");
        }
        else
        {
            const string annotation = "volume.kubernetes.io/storage-provisioner";
            if (claim.Metadata.Annotations.GetValueOrDefault(annotation) != found.Provisioner)
            {
                var annotations = new JsonObject { [annotation] = found.Provisioner, ["volume.beta.kubernetes.io/storage-provisioner"] = found.Provisioner };
                await _writer.PatchAsync(claim, new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = annotations } }, null, cancellationToken).ConfigureAwait(false);
            }

            _events.Normal(
                claim,
                "ExternalProvisioning",
                $"Waiting for a volume to be created either by the external provisioner '{found.Provisioner}' or manually by the system administrator. " +
                "If volume creation is delayed, please verify that the provisioner is running and correctly registered.");
        }
    }

    private async Task BindToAsync(PersistentVolumeClaim claim, string name, CancellationToken cancellationToken)
    {
        if (!_volumes.TryGet(new NamespacedName("", name), out var volume))
        {
            await PendAsync(claim, cancellationToken).ConfigureAwait(false);
        }
        else if (volume.Spec.ClaimRef is null || VolumeMatch.IsFor(volume, claim))
        {
            if (VolumeMatch.Holds(volume, claim))
            {
                await _writer.BindAsync(volume, claim, cancellationToken).ConfigureAwait(false);
                return;
            }

            _events.Warning(claim, "VolumeMismatch", $"Cannot bind to requested volume \"{name}\": requested PV is too small");
            await PendAsync(claim, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            _events.Warning(claim, "FailedBinding", $"volume \"{name}\" already bound to a different claim.");
            await PendAsync(claim, cancellationToken).ConfigureAwait(false);
        }
    }

    private Task KeepAsync(PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(claim.Spec.VolumeName))
        {
            return LoseAsync(claim, "ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!", cancellationToken);
        }

        if (!_volumes.TryGet(new NamespacedName("", claim.Spec.VolumeName), out var volume))
        {
            return LoseAsync(claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!", cancellationToken);
        }

        return volume.Spec.ClaimRef is null || VolumeMatch.IsFor(volume, claim)
            ? _writer.BindAsync(volume, claim, cancellationToken)
            : LoseAsync(claim, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly", cancellationToken);
    }

    private async Task LoseAsync(PersistentVolumeClaim claim, string reason, string message, CancellationToken cancellationToken)
    {
        if (claim.Status.Phase != "Lost")
        {
            _events.Warning(claim, reason, message);
            await _writer.PhaseAsync(claim, "Lost", cancellationToken).ConfigureAwait(false);
        }
    }

    private Task PendAsync(PersistentVolumeClaim claim, CancellationToken cancellationToken) =>
        claim.Status.Phase == "Pending" ? Task.CompletedTask : _writer.PhaseAsync(claim, "Pending", cancellationToken);

    private bool Waits(PersistentVolumeClaim claim) =>
        _classes.TryGet(new NamespacedName("", VolumeMatch.Class(claim)), out var found)
        && found.VolumeBindingMode == "WaitForFirstConsumer"
        && !claim.Metadata.Annotations.ContainsKey(VolumeMatch.SelectedNode);

    private StorageClass? DefaultClass() => _classes.All
        .Where(found => found.Metadata.Annotations.GetValueOrDefault(StorageClass.DefaultAnnotation) == "true")
        .OrderByDescending(found => found.Metadata.CreationTimestamp).ThenBy(found => found.Metadata.Name, StringComparer.Ordinal).FirstOrDefault();

    private void OnVolume(PersistentVolume volume)
    {
        if (volume.Spec.ClaimRef is { Name: { } name, Namespace: { } ns })
        {
            Queue.Add(new NamespacedName(ns, name));
        }

        foreach (var claim in _claims.All.Where(claim => claim.Spec.VolumeName == volume.Metadata.Name))
        {
            Queue.Add(NamespacedName.Of(claim));
        }

        if (volume.Status.Phase == "Available")
        {
            EnqueueUnbound();
        }
    }

    private void EnqueueUnbound()
    {
        foreach (var claim in _claims.All.Where(claim => !VolumeMatch.IsComplete(claim)))
        {
            Queue.Add(NamespacedName.Of(claim));
        }
    }
}
