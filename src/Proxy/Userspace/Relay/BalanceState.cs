using System.Collections.Immutable;
using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>
/// Whose turn it is at a service port, and which endpoint a client had before. One object for all front ends of the port, from
/// update to update; used by all loops at once.
/// </summary>
internal sealed class BalanceState(TimeProvider time)
{
    private int _turn = -1;
    private volatile SessionAffinityState? _affinity;

    /// <summary>Switches affinity on, off (null) or to another time-out; a change of the time-out keeps what is known of clients.</summary>
    internal void SetAffinity(TimeSpan? timeout)
    {
        if (timeout is not { } idle)
        {
            _affinity = null;
        }
        else if (_affinity is { } affinity)
        {
            affinity.Timeout = idle;
        }
        else
        {
            _affinity = new SessionAffinityState(idle, time);
        }
    }

    /// <summary>The index of the endpoint to try first: the client's own where affinity knows one, else the next in turn.</summary>
    internal int First(in InetEndPoint client, ImmutableArray<InetEndPoint> endpoints)
    {
        if (_affinity?.EndpointOf(client.Address) is { } known && endpoints.IndexOf(known) is var index and >= 0)
        {
            return index;
        }

        return (int)((uint)Interlocked.Increment(ref _turn) % (uint)endpoints.Length);
    }

    /// <summary>Notes which endpoint took the client, which may be another than the first tried.</summary>
    internal void Connected(in InetEndPoint client, in InetEndPoint endpoint) => _affinity?.Remember(client.Address, endpoint);
}
