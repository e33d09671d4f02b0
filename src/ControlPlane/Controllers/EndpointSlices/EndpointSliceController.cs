using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.EndpointSlices;

/// <summary>Keeps the EndpointSlices of every service with a selector.</summary>
internal sealed class EndpointSliceController : Controller
{
    private readonly KubernetesClient _client;
    private readonly Lister<Service> _services;
    private readonly Lister<Pod> _pods;
    private readonly Lister<Node> _nodes;
    private readonly OwnWrites<EndpointSlice> _slices;
    private readonly TriggerTimes _triggers = new();

    public EndpointSliceController(KubernetesClient client, SharedInformers informers, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _services = informers.Of<Service>();
        _pods = informers.Of<Pod>();
        _nodes = informers.Of<Node>();
        var slices = informers.Of<EndpointSlice>();
        _slices = new OwnWrites<EndpointSlice>(slices, time);
        _services.OnChange(service => Queue.Add(NamespacedName.Of(service)));
        slices.OnChange(OnSlice);
        _nodes.Subscribe(OnNode);
        ServiceSelection.Watch(_services, _pods, Queue.Add);
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_services.TryGet(key, out var service))
        {
            // The slices follow by their owner reference.
            _triggers.Forget(key);
            return;
        }

        if (service.Spec.Selector.Count == 0 || service.Spec.Type == "ExternalName" || service.Metadata.DeletionTimestamp is not null)
        {
            return;
        }

        var pods = ServiceSelection.Pods(service, _pods);
        var slices = _slices.In(key.Namespace).Where(slice => IsManaged(slice, key.Name)).ToList();
        var plan = SlicePlanner.Plan(
            service, pods, slices, name => _nodes.TryGet(new NamespacedName("", name), out var node) ? node : null, _triggers.Next(service, pods));
        if (!plan.IsEmpty)
        {
            await WriteAsync(plan, cancellationToken).ConfigureAwait(false);
        }
    }

    private static bool IsManaged(EndpointSlice slice, string service) =>
        slice.Metadata.Labels.GetValueOrDefault(SlicePlanner.ServiceNameLabel) == service
        && slice.Metadata.Labels.GetValueOrDefault(SlicePlanner.ManagedByLabel) == SlicePlanner.ManagedBy
        && slice.Metadata.DeletionTimestamp is null;

    /// <summary>Creates and fills before it deletes, so that no endpoint is out of every slice in between.</summary>
    private async Task WriteAsync(SlicePlan plan, CancellationToken cancellationToken)
    {
        foreach (var slice in plan.Create)
        {
            _slices.Wrote(await _client.CreateAsync(slice, cancellationToken).ConfigureAwait(false));
        }

        foreach (var slice in plan.Update)
        {
            try
            {
                _slices.Wrote(await _client.UpdateAsync(slice, cancellationToken: cancellationToken).ConfigureAwait(false));
            }
            catch (ApiException)
            {
                _slices.Forget(slice);
                throw;
            }
        }

        foreach (var slice in plan.Delete)
        {
            try
            {
                await _client.DeleteAsync<EndpointSlice>(NamespacedName.Of(slice), cancellationToken: cancellationToken).ConfigureAwait(false);
            }
            catch (ApiException error) when (error.IsNotFound)
            {
                // Gone is what it should be.
            }

            _slices.Deleted(slice);
        }
    }

    /// <summary>Looks at the service of a slice that changed: an echo of an own write costs a comparison and no request.</summary>
    private void OnSlice(EndpointSlice slice)
    {
        if (slice.Metadata.Labels.GetValueOrDefault(SlicePlanner.ManagedByLabel) == SlicePlanner.ManagedBy
            && slice.Metadata.Labels.TryGetValue(SlicePlanner.ServiceNameLabel, out var service))
        {
            Queue.Add(new NamespacedName(slice.Metadata.Namespace, service));
        }
    }

    /// <summary>Only a node's zone matters here.</summary>
    private void OnNode(InformerChange<Node> change)
    {
        if (Zone(change.Old) == Zone(change.New))
        {
            return;
        }

        foreach (var service in _services.All)
        {
            Queue.Add(NamespacedName.Of(service));
        }
    }

    private static string? Zone(Node? node) => node?.Metadata.Labels.GetValueOrDefault("topology.kubernetes.io/zone");
}
