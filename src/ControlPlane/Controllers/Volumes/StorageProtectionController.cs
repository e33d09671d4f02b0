using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Volumes;

/// <summary>Lets go of deleted claims when no pod uses them, and of deleted volumes when no claim is bound to them.</summary>
internal sealed class StorageProtectionController : Controller
{
    public const string ClaimFinalizer = "kubernetes.io/pvc-protection";
    public const string VolumeFinalizer = "kubernetes.io/pv-protection";

    private readonly Lister<PersistentVolumeClaim> _claims;
    private readonly Lister<PersistentVolume> _volumes;
    private readonly Lister<Pod> _pods;
    private readonly KubernetesClient _client;
    private readonly VolumeWriter _writer;

    public StorageProtectionController(KubernetesClient client, SharedInformers informers, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _writer = new VolumeWriter(client, time);
        _claims = informers.Of<PersistentVolumeClaim>();
        _volumes = informers.Of<PersistentVolume>();
        _pods = informers.Of<Pod>();
        _claims.OnChange(claim => Queue.Add(NamespacedName.Of(claim)));
        _volumes.OnChange(volume => Queue.Add(NamespacedName.Of(volume)));
        _pods.Subscribe(change =>
        {
            if (change.New is null)
            {
                foreach (var volume in change.Object.Spec.Volumes.Where(volume => volume.PersistentVolumeClaim is not null))
                {
                    Queue.Add(new NamespacedName(change.Object.Metadata.Namespace, volume.PersistentVolumeClaim!.ClaimName));
                }
            }
        });
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (key.Namespace.Length == 0)
        {
            if (_volumes.TryGet(key, out var volume) && volume.Metadata.DeletionTimestamp is not null && volume.Status.Phase != "Bound")
            {
                await ReleaseAsync(volume, VolumeFinalizer, cancellationToken).ConfigureAwait(false);
            }
        }
        else if (_claims.TryGet(key, out var claim) && claim.Metadata.DeletionTimestamp is not null && !IsUsed(key, _pods.In(key.Namespace))
            && !IsUsed(key, await PodsAsync(key.Namespace, cancellationToken).ConfigureAwait(false)))
        {
            await ReleaseAsync(claim, ClaimFinalizer, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>A pod without a node does not count: no kubelet starts a pod with a claim that is going.</summary>
    private static bool IsUsed(NamespacedName claim, IEnumerable<Pod> pods) => pods.Any(pod =>
        !string.IsNullOrEmpty(pod.Spec.NodeName) && pod.Spec.Volumes.Exists(volume => volume.PersistentVolumeClaim?.ClaimName == claim.Name));

    /// <summary>As the server has them: the cache may not know yet of a pod that was made before the claim was deleted.</summary>
    private async Task<List<Pod>> PodsAsync(string ns, CancellationToken cancellationToken) =>
        (await _client.ListAsync<Pod>(new ListOptions { Namespace = ns }, cancellationToken).ConfigureAwait(false)).Items;

    private async Task ReleaseAsync<T>(T obj, string finalizer, CancellationToken cancellationToken)
        where T : class, IResource<T>
    {
        if (obj.Metadata.Finalizers.Contains(finalizer))
        {
            var rest = new JsonArray([.. obj.Metadata.Finalizers.Where(other => other != finalizer).Select(other => JsonValue.Create(other))]);
            await _writer.PatchAsync(obj, new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = rest } }, null, cancellationToken).ConfigureAwait(false);
        }
    }
}
