using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.EndpointSlices;

/// <summary>The writes that bring a service's slices up to date, as few as possible.</summary>
internal sealed record SlicePlan(IReadOnlyList<EndpointSlice> Create, IReadOnlyList<EndpointSlice> Update, IReadOnlyList<EndpointSlice> Delete)
{
    public bool IsEmpty => Create.Count + Update.Count + Delete.Count == 0;
}
