namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>What one loop has done; written by its thread, read by any.</summary>
internal sealed class RelayCounters
{
    /// <summary>Connections taken from a listener.</summary>
    internal long Accepted;

    /// <summary>Connections that were given an endpoint.</summary>
    internal long Connected;

    /// <summary>Connections no endpoint took, or whose front end is unknown or has none.</summary>
    internal long Refused;

    /// <summary>Connections reset for want of file descriptors, or beyond the limit.</summary>
    internal long Shed;

    /// <summary>Events whose handling failed in a way nobody foresaw; the connection was reset.</summary>
    internal long Faults;

    /// <summary>Attempts at an endpoint that failed or took too long.</summary>
    internal long DialFailures;

    /// <summary>Connections open now, dialling ones included.</summary>
    internal long Open;

    /// <summary>UDP flows made.</summary>
    internal long DatagramFlows;

    /// <summary>Datagrams relayed, both ways.</summary>
    internal long Datagrams;

    /// <summary>Bytes of managed memory its thread has allocated: pools and tables that grow, and nothing else.</summary>
    internal long Allocated;

    internal void AddTo(RelayCounters sum)
    {
        sum.Accepted += Volatile.Read(ref Accepted);
        sum.Connected += Volatile.Read(ref Connected);
        sum.Refused += Volatile.Read(ref Refused);
        sum.Shed += Volatile.Read(ref Shed);
        sum.Faults += Volatile.Read(ref Faults);
        sum.DialFailures += Volatile.Read(ref DialFailures);
        sum.Open += Volatile.Read(ref Open);
        sum.DatagramFlows += Volatile.Read(ref DatagramFlows);
        sum.Datagrams += Volatile.Read(ref Datagrams);
        sum.Allocated += Volatile.Read(ref Allocated);
    }
}
