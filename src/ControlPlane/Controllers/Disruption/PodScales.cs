using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;

namespace Dataplane.ControlPlane.Controllers.Disruption;

/// <summary>How many pods the controllers of some pods want together.</summary>
internal sealed class PodScales
{
    private readonly KubernetesClient _client;
    private readonly Lister<ReplicaSet> _sets;
    private readonly Lister<Deployment> _deployments;
    private readonly Lister<ReplicationController> _controllers;

    public PodScales(KubernetesClient client, SharedInformers informers)
    {
        _client = client;
        _sets = informers.Of<ReplicaSet>();
        _deployments = informers.Of<Deployment>();
        _controllers = informers.Of<ReplicationController>();
    }

    /// <summary>Calls with the namespace of a controller whose size may have changed.</summary>
    public void OnChange(Action<string> subscriber)
    {
        _deployments.OnChange(obj => subscriber(obj.Metadata.Namespace));
        _sets.OnChange(obj => subscriber(obj.Metadata.Namespace));
        _controllers.OnChange(obj => subscriber(obj.Metadata.Namespace));
    }

    /// <returns>The sum over their controllers, and the pods that have none.</returns>
    /// <exception cref="UnknownScaleException">A controller without a size.</exception>
    public async Task<(int Scale, IReadOnlyList<Pod> Unmanaged)> OfAsync(IEnumerable<Pod> pods, CancellationToken cancellationToken)
    {
        var unmanaged = new List<Pod>();
        var sizes = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var pod in pods)
        {
            if (pod.Metadata.OwnerReferences.Find(owner => owner.Controller == true) is not { } owner)
            {
                unmanaged.Add(pod);
                continue;
            }

            var (uid, size) = await OfAsync(pod, owner, cancellationToken).ConfigureAwait(false);
            sizes[uid] = size;
        }

        return (sizes.Values.Sum(), unmanaged);
    }

    private async Task<(string UID, int Size)> OfAsync(Pod pod, OwnerReference owner, CancellationToken cancellationToken)
    {
        var name = new NamespacedName(pod.Metadata.Namespace, owner.Name);
        switch (owner.Kind)
        {
            case "ReplicaSet" when _sets.TryGet(name, out var set) && set.Metadata.UID == owner.UID:
                // During a rollout two sets share the pods of one deployment.
                var parent = set.Metadata.OwnerReferences.Find(reference => reference is { Controller: true, Kind: "Deployment" });
                return parent is not null
                    && _deployments.TryGet(name with { Name = parent.Name }, out var deployment)
                    && deployment.Metadata.UID == parent.UID
                        ? (deployment.Metadata.UID, deployment.Spec.Replicas ?? 1)
                        : (set.Metadata.UID, set.Spec.Replicas ?? 1);
            case "ReplicationController" when _controllers.TryGet(name, out var controller) && controller.Metadata.UID == owner.UID:
                return (controller.Metadata.UID, controller.Spec.Replicas ?? 1);
        }

        if (ResourceTypes.All.FirstOrDefault(type => type.Kind == owner.Kind && type.ApiVersion == owner.ApiVersion) is { } resource)
        {
            try
            {
                var scale = await _client.GetScaleAsync(resource, name, cancellationToken).ConfigureAwait(false);
                return scale.Metadata.UID == owner.UID ? (owner.UID, scale.Spec.Replicas) : throw NotFound(pod);
            }
            catch (ApiException error) when (error.IsNotFound)
            {
                throw new UnknownScaleException($"{resource.Plural}{(resource.Group.Length > 0 ? "." + resource.Group : "")} does not implement the scale subresource");
            }
        }

        throw NotFound(pod);
    }

    private static UnknownScaleException NotFound(Pod pod) => new($"found no controllers for pod \"{pod.Metadata.Name}\"");
}

/// <summary>Nobody says how many pods there should be.</summary>
internal sealed class UnknownScaleException(string message) : Exception(message);
