using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy;

/// <summary>A plan that was put into force, and how fast.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="IsFull">Everything was written, not a difference.</param>
/// <param name="SinceChange">From the informer's telling of the oldest change in it to the kernel's acknowledgement; includes the minimum interval.</param>
/// <param name="Duration">Planning, rendering and the kernel's acknowledgement alone.</param>
public sealed record ProgrammedPlan(ForwardingPlan Plan, bool IsFull, TimeSpan SinceChange, TimeSpan Duration)
{
    /// <summary>The plan's revision.</summary>
    public long Revision => Plan.Revision;
}
