using System.Collections.Immutable;
using Dataplane.Linux.TransparentSockets;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>
/// Whose turn it is at a service port, which endpoint a client had before, and how its endpoints do. One object for all front ends
/// of the port, from update to update; used by all loops at once, written to by the mode.
/// </summary>
internal sealed class BalanceState(TimeProvider time)
{
    private readonly Dictionary<InetEndPoint, EndpointState> _states = [];
    private int _turn = -1;
    private volatile SessionAffinityState? _affinity;
    private volatile RelaySettings _settings = RelaySettings.Default;
    private ImmutableArray<EndpointState> _endpoints = [];

    /// <summary>What the Service asks for.</summary>
    internal RelaySettings Settings
    {
        get => _settings;
        set => _settings = value;
    }

    /// <summary>The endpoints of all front ends together.</summary>
    internal ImmutableArray<EndpointState> Endpoints => ImmutableInterlocked.InterlockedCompareExchange(ref _endpoints, default, default);

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

    /// <summary>What is known of endpoints, made for those that are new. For the mode's thread, as <see cref="Keep"/>.</summary>
    internal EndpointSet SetOf(IEnumerable<InetEndPoint> endPoints, long now)
    {
        // Those that come with the service port itself need no slow start: there is nobody else.
        long? addedAt = Endpoints.IsEmpty ? null : now;
        return new EndpointSet([.. endPoints.Select(endPoint =>
        {
            if (!_states.TryGetValue(endPoint, out var state))
            {
                _states.Add(endPoint, state = new EndpointState(endPoint, addedAt));
            }

            return state;
        })]);
    }

    /// <summary>Forgets all endpoints but those some front end has.</summary>
    internal void Keep(IReadOnlySet<EndpointState> used, long now)
    {
        foreach (var (endPoint, state) in _states)
        {
            if (!used.Contains(state))
            {
                state.RemovedAt = now;
                _states.Remove(endPoint);
            }
        }

        ImmutableInterlocked.InterlockedExchange(ref _endpoints, [.. _states.Values]);
    }

    /// <summary>The index of the endpoint to try first: the client's own where affinity knows one, else as the settings say.</summary>
    internal int First(in InetEndPoint client, EndpointSet endpoints, long now)
    {
        if (_affinity?.EndpointOf(client.Address) is { } known && endpoints.IndexOf(known) is { } index && !endpoints[index].IsEjected(now))
        {
            return index;
        }

        return Balancer.First(_settings, endpoints, client, (uint)Interlocked.Increment(ref _turn), Random.Shared, now);
    }

    /// <summary>Notes which endpoint took the client, which may be another than the first tried.</summary>
    internal void Connected(in InetEndPoint client, EndpointState endpoint)
    {
        endpoint.Answered();
        Chose(client, endpoint);
    }

    /// <summary>Notes which endpoint the client is to have, though nobody knows yet whether it answers.</summary>
    internal void Chose(in InetEndPoint client, EndpointState endpoint) => _affinity?.Remember(client.Address, endpoint.EndPoint);
}
