using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>Which endpoint each client address had last (sessionAffinity: ClientIP). The time-out runs from the last connection.</summary>
internal sealed class SessionAffinityState(TimeSpan timeout, TimeProvider time)
{
    private const int FirstSweep = 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<UInt128, Entry> _clients = [];
    private int _sweepAt = FirstSweep;

    internal TimeSpan Timeout { get; set; } = timeout;

    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _clients.Count;
            }
        }
    }

    /// <summary>Null for a client that is new or was away for longer than the time-out.</summary>
    internal InetEndPoint? EndpointOf(UInt128 client)
    {
        lock (_gate)
        {
            return _clients.TryGetValue(client, out var entry) && !IsExpired(entry) ? entry.Endpoint : null;
        }
    }

    internal void Remember(UInt128 client, in InetEndPoint endpoint)
    {
        lock (_gate)
        {
            if (_clients.Count >= _sweepAt)
            {
                Sweep();
            }

            _clients[client] = new Entry(endpoint, time.GetTimestamp());
        }
    }

    // Each sweep waits for as many new clients as it left, so that its cost per client stays constant.
    private void Sweep()
    {
        foreach (var (client, entry) in _clients)
        {
            if (IsExpired(entry))
            {
                _clients.Remove(client);
            }
        }

        _sweepAt = Math.Max(FirstSweep, 2 * _clients.Count);
    }

    private bool IsExpired(in Entry entry) => time.GetElapsedTime(entry.LastUsed) >= Timeout;

    private readonly record struct Entry(InetEndPoint Endpoint, long LastUsed);
}
