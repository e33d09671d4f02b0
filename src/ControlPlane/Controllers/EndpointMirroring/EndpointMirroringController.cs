using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.EndpointSlices;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.EndpointMirroring;

/// <summary>Mirrors Endpoints that people write by hand, for services without a selector, into EndpointSlices.</summary>
internal sealed class EndpointMirroringController : Controller
{
    private readonly KubernetesClient _client;
    private readonly Lister<Service> _services;
    private readonly Lister<Api.Endpoints> _endpoints;
    private readonly OwnWrites<EndpointSlice> _slices;

    public EndpointMirroringController(KubernetesClient client, SharedInformers informers, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _services = informers.Of<Service>();
        _endpoints = informers.Of<Api.Endpoints>();
        var slices = informers.Of<EndpointSlice>();
        _slices = new OwnWrites<EndpointSlice>(slices, time);
        _endpoints.OnChange(endpoints => Queue.Add(NamespacedName.Of(endpoints)));
        _services.Subscribe(change =>
        {
            if (change.Old is null || change.New is null || change.Old.Spec.Selector.Count != change.New.Spec.Selector.Count)
            {
                Queue.Add(change.Name);
            }
        });
        slices.OnChange(slice =>
        {
            if (IsMirror(slice) && slice.Metadata.Labels.TryGetValue(SlicePlanner.ServiceNameLabel, out var service))
            {
                Queue.Add(new NamespacedName(slice.Metadata.Namespace, service));
            }
        });
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        var current = _slices.In(key.Namespace)
            .Where(slice => IsMirror(slice) && slice.Metadata.DeletionTimestamp is null && slice.Metadata.Labels.GetValueOrDefault(SlicePlanner.ServiceNameLabel) == key.Name)
            .ToList();
        var service = _services.TryGet(key, out var found) ? found : null;
        var plan = _endpoints.TryGet(key, out var endpoints) && MirrorPlanner.IsMirrored(endpoints, service)
            ? MirrorPlanner.Plan(endpoints, current)
            : new SlicePlan([], [], current);
        foreach (var slice in plan.Create)
        {
            _slices.Wrote(await _client.CreateAsync(slice, cancellationToken).ConfigureAwait(false));
        }

        foreach (var slice in plan.Update)
        {
            _slices.Wrote(await _client.UpdateAsync(slice, cancellationToken: cancellationToken).ConfigureAwait(false));
        }

        foreach (var slice in plan.Delete)
        {
            try
            {
                await _client.DeleteAsync<EndpointSlice>(NamespacedName.Of(slice), cancellationToken: cancellationToken).ConfigureAwait(false);
            }
            catch (ApiException error) when (error.IsNotFound)
            {
                // Gone with its owner.
            }

            _slices.Deleted(slice);
        }
    }

    private static bool IsMirror(EndpointSlice slice) => slice.Metadata.Labels.GetValueOrDefault(SlicePlanner.ManagedByLabel) == MirrorPlanner.ManagedBy;
}
