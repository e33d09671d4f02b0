namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>
/// Flows with one idle time-out in the order of their last use: what has been idle for too long, or has to make room, stands at the
/// old end. Everything costs the same however many flows there are.
/// </summary>
internal sealed class FlowAges(TimeSpan timeout)
{
    private readonly long _milliseconds = (long)timeout.TotalMilliseconds;
    private DatagramFlow? _newest;

    internal DatagramFlow? Oldest { get; private set; }

    /// <summary>When the oldest one expires, milliseconds of <see cref="Environment.TickCount64"/>; null when there is none.</summary>
    internal long? NextDeadline => Oldest is { } oldest ? oldest.LastUsed + _milliseconds : null;

    /// <summary>Puts a flow at the new end, from wherever it was.</summary>
    internal void Touch(DatagramFlow flow, long now)
    {
        flow.LastUsed = now;
        if (flow == _newest)
        {
            return;
        }

        Remove(flow);
        (flow.Ages, flow.Older) = (this, _newest);
        if (_newest is null)
        {
            Oldest = flow;
        }
        else
        {
            _newest.Newer = flow;
        }

        _newest = flow;
    }

    /// <summary>Takes a flow out of the list it is in, if it is in one.</summary>
    internal static void Remove(DatagramFlow flow)
    {
        if (flow.Ages is not { } ages)
        {
            return;
        }

        if (flow.Older is { } older)
        {
            older.Newer = flow.Newer;
        }
        else
        {
            ages.Oldest = flow.Newer;
        }

        if (flow.Newer is { } newer)
        {
            newer.Older = flow.Older;
        }
        else
        {
            ages._newest = flow.Older;
        }

        (flow.Ages, flow.Older, flow.Newer) = (null, null, null);
    }
}
