using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.EndpointSlices;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Endpoints;

/// <summary>Keeps the legacy Endpoints object of every service with a selector.</summary>
internal sealed class EndpointsController : Controller
{
    private const string OverCapacity = "endpoints.kubernetes.io/over-capacity";
    private const string Managed = "endpoints.kubernetes.io/managed-by";
    private const string ManagedBy = "endpoint-controller";

    private readonly KubernetesClient _client;
    private readonly Lister<Service> _services;
    private readonly Lister<Pod> _pods;
    private readonly OwnWrites<Api.Endpoints> _endpoints;
    private readonly TriggerTimes _triggers = new();

    public EndpointsController(KubernetesClient client, SharedInformers informers, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _services = informers.Of<Service>();
        _pods = informers.Of<Pod>();
        var endpoints = informers.Of<Api.Endpoints>();
        _endpoints = new OwnWrites<Api.Endpoints>(endpoints, time);
        _services.OnChange(service => Queue.Add(NamespacedName.Of(service)));
        endpoints.OnChange(changed => Queue.Add(NamespacedName.Of(changed)));
        ServiceSelection.Watch(_services, _pods, Queue.Add);
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var current = _endpoints.In(key.Namespace).FirstOrDefault(endpoints => endpoints.Metadata.Name == key.Name);
        if (!_services.TryGet(key, out var service))
        {
            _triggers.Forget(key);
            // Endpoints share their service's name and life, without an owner reference; others' are left alone.
            if (current?.Metadata.Labels.GetValueOrDefault(Managed) == ManagedBy)
            {
                await _client.DeleteAsync<Api.Endpoints>(key, cancellationToken: cancellationToken).ConfigureAwait(false);
                _endpoints.Deleted(current);
            }

            return;
        }

        if (service.Spec.Selector.Count == 0 || service.Spec.Type == "ExternalName")
        {
            return;
        }

        var pods = ServiceSelection.Pods(service, _pods);
        var (subsets, truncated) = EndpointsPlanner.Plan(service, pods);
        var trigger = _triggers.Next(service, pods);
        var labels = new Dictionary<string, string>(service.Metadata.Labels) { [Managed] = ManagedBy };
        labels.Remove(SlicePlanner.HeadlessLabel);
        if (service.Spec.ClusterIP == "None")
        {
            labels[SlicePlanner.HeadlessLabel] = "";
        }

        var metadata = (current?.Metadata ?? new ObjectMeta { Namespace = key.Namespace, Name = key.Name }) with { Labels = labels };
        // The old trigger time is kept for the comparison: a new one alone is no reason to write.
        var before = metadata.Annotations.GetValueOrDefault(EndpointTriggerTime.Annotation);
        metadata = metadata with { Annotations = Annotations(metadata, truncated, before) };
        var wanted = (current ?? new Api.Endpoints()) with { Metadata = metadata, Subsets = subsets };
        if (current is not null && ApiJson.SameContent(current, wanted))
        {
            return;
        }

        wanted = wanted with { Metadata = metadata with { Annotations = Annotations(metadata, truncated, trigger) } };
        _endpoints.Wrote(current is null
            ? await _client.CreateAsync(wanted, cancellationToken).ConfigureAwait(false)
            : await _client.UpdateAsync(wanted, cancellationToken: cancellationToken).ConfigureAwait(false));
    }

    private static Dictionary<string, string> Annotations(ObjectMeta metadata, bool truncated, string? trigger)
    {
        var annotations = new Dictionary<string, string>(metadata.Annotations);
        annotations.Remove(OverCapacity);
        annotations.Remove(EndpointTriggerTime.Annotation);
        if (truncated)
        {
            annotations[OverCapacity] = "truncated";
        }

        if (trigger is not null)
        {
            annotations[EndpointTriggerTime.Annotation] = trigger;
        }

        return annotations;
    }
}
