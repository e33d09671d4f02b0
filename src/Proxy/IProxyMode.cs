using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy;

/// <summary>Turns plans into something that forwards. Called by one thread at a time.</summary>
public interface IProxyMode : IAsyncDisposable
{
    /// <summary>What --proxy-mode calls it.</summary>
    string Name { get; }

    /// <summary>
    /// Puts a plan into force. <paramref name="previous"/> is the plan the last successful call of this object put into force, null when there was
    /// none: then whatever an earlier run left is taken over or replaced without a gap in service.
    /// </summary>
    /// <exception cref="Exception">Nothing has changed and the caller tries again later, with this plan or a newer one.</exception>
    void Apply(ForwardingPlan? previous, ForwardingPlan next);

    /// <summary>
    /// Whether what <see cref="Apply"/> put into force is still in place; called at least once every sync period. After false the next Apply has no
    /// previous plan.
    /// </summary>
    bool IsIntact() => true;

    /// <summary>What went where, as far as the mode counts it. From any thread.</summary>
    IReadOnlyList<TrafficCount> Traffic() => [];

    /// <summary>Removes everything this mode ever leaves behind, also of an earlier process. Does nothing if there is nothing.</summary>
    void Cleanup();
}
