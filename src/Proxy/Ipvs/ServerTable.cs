using System.Net;
using Dataplane.Netlink;
using Dataplane.Netlink.Ipvs;
using Dataplane.Proxy.Ipvs.Rendering;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Ipvs;

/// <summary>
/// IPVS's services as they are in the kernel, and how to change them. A TCP destination that is no longer wanted takes no new connection (weight 0) and
/// goes when its last one has; others go at once. Called under the mode's lock.
/// </summary>
internal sealed class ServerTable(IpvsConnection connection, Action<NetlinkException> failed)
{
    private readonly IpvsBatch _batch = connection.CreateBatch();
    private readonly Dictionary<IpvsServiceKey, ServerState> _servers = [];
    private readonly HashSet<IpvsServiceKey> _draining = [];

    internal IReadOnlyCollection<IpvsServiceKey> Keys => _servers.Keys;

    internal bool IsDraining => _draining.Count > 0;

    /// <summary>Where clients of a service send; null for one that is somebody else's.</summary>
    internal IEnumerable<(IpvsServiceKey Key, TransportProtocol Protocol, IPEndPoint FrontEnd)> FrontEnds =>
        _servers.Where(server => server.Value.FrontEnd is not null).Select(server => (server.Key, server.Value.Protocol, server.Value.FrontEnd!));

    /// <summary>Forgets what it knows and reads it from the kernel.</summary>
    internal void Read(Func<IpvsServiceKey, bool> isOurs)
    {
        _servers.Clear();
        _draining.Clear();
        foreach (var service in connection.Services().Where(service => isOurs(service.Key)))
        {
            var state = new ServerState(service with { Counters = default });
            foreach (var destination in connection.Destinations(service.Key))
            {
                // Another way to forward than this mode's is as good as another weight: set anew.
                state.Weights[destination.EndPoint] = destination.ForwardMethod == 0 ? destination.Weight : uint.MaxValue;
            }

            _servers.Add(service.Key, state);
        }
    }

    /// <summary>Goes to what is wanted for some keys; null is nothing.</summary>
    internal void Change(Dictionary<IpvsServiceKey, VirtualServer?> wanted)
    {
        var gone = new List<(IpvsServiceKey Key, IPEndPoint EndPoint)>();
        foreach (var (key, server) in wanted)
        {
            if (server is not null)
            {
                Extend(key, server, gone);
            }
        }

        Commit();
        foreach (var (key, server) in wanted)
        {
            if (server is null && _servers.Remove(key))
            {
                _draining.Remove(key);
                _batch.DeleteService(key);
            }
        }

        foreach (var service in gone.GroupBy(destination => destination.Key, destination => destination.EndPoint))
        {
            Release(service.Key, [.. service]);
        }

        Commit();
    }

    /// <summary>Removes destinations whose last connection has gone, and services that have nothing else left.</summary>
    internal void Drain()
    {
        foreach (var key in _draining.ToArray())
        {
            Release(key, [.. _servers[key].Weights.Where(weight => weight.Value == 0).Select(weight => weight.Key)]);
        }

        Commit();
    }

    /// <summary>Removes all but what connections still use, and that takes no new one.</summary>
    internal void ReleaseAll()
    {
        foreach (var (key, state) in _servers.ToArray())
        {
            Release(key, [.. state.Weights.Keys]);
        }

        Commit();
    }

    /// <summary>Removes all.</summary>
    internal void Clear()
    {
        foreach (var key in _servers.Keys)
        {
            _batch.DeleteService(key);
        }

        _servers.Clear();
        _draining.Clear();
        Commit();
    }

    /// <summary>
    /// What differs from the kernel, null for nothing: all services by one listing, destinations of some of them, others with each call.
    /// </summary>
    internal string? Difference(int skip, int take)
    {
        var there = connection.Services().ToDictionary(service => service.Key, service => service with { Counters = default });
        foreach (var (key, state) in _servers)
        {
            if (!there.TryGetValue(key, out var found))
            {
                return $"{key} is missing";
            }

            if (found != state.Definition)
            {
                return $"{key} is {found.Scheduler}, flags {found.Flags:x}, persistence {found.PersistenceSeconds} s";
            }
        }

        foreach (var (key, state) in _servers.Skip(skip).Take(take))
        {
            var destinations = connection.Destinations(key);
            if (destinations.Count != state.Weights.Count
                || destinations.Any(destination => !state.Weights.TryGetValue(destination.EndPoint, out var weight) || weight != destination.Weight))
            {
                return $"{key} leads to {string.Join(", ", destinations.Select(destination => $"{destination.EndPoint} weight {destination.Weight}"))}";
            }
        }

        return null;
    }

    private void Extend(IpvsServiceKey key, VirtualServer server, List<(IpvsServiceKey Key, IPEndPoint EndPoint)> gone)
    {
        if (!_servers.TryGetValue(key, out var state))
        {
            if (server.Destinations.IsEmpty)
            {
                return;
            }

            _batch.AddService(server.Definition);
            _servers.Add(key, state = new ServerState(server.Definition));
        }
        else if (state.Definition != server.Definition)
        {
            _batch.SetService(server.Definition);
            state.Definition = server.Definition;
        }

        (state.FrontEnd, state.Protocol) = (server.FrontEnd, server.Protocol);
        foreach (var endPoint in server.Destinations)
        {
            if (!state.Weights.TryGetValue(endPoint, out var weight))
            {
                _batch.AddDestination(key, endPoint, 1);
            }
            else if (weight != 1)
            {
                _batch.SetDestination(key, endPoint, 1);
            }

            state.Weights[endPoint] = 1;
        }

        gone.AddRange(state.Weights.Keys.Except(server.Destinations).Select(endPoint => (key, endPoint)));
    }

    private void Release(IpvsServiceKey key, IReadOnlyCollection<IPEndPoint> endPoints)
    {
        var state = _servers[key];
        var isGraceful = state.Protocol == TransportProtocol.Tcp;
        var there = isGraceful && endPoints.Count > 0 ? connection.Destinations(key).ToDictionary(destination => destination.EndPoint) : [];
        var drains = false;
        foreach (var endPoint in endPoints)
        {
            if (there.GetValueOrDefault(endPoint) is { } busy && busy.ActiveConnections + busy.InactiveConnections > 0)
            {
                drains = true;
                if (state.Weights[endPoint] != 0)
                {
                    _batch.SetDestination(key, endPoint, 0);
                    state.Weights[endPoint] = 0;
                }

                continue;
            }

            if (!isGraceful || there.ContainsKey(endPoint))
            {
                _batch.DeleteDestination(key, endPoint);
            }

            state.Weights.Remove(endPoint);
        }

        if (drains)
        {
            _draining.Add(key);
            return;
        }

        _draining.Remove(key);
        if (state.Weights.Count == 0)
        {
            _batch.DeleteService(key);
            _servers.Remove(key);
        }
    }

    private void Commit()
    {
        try
        {
            if (_batch.Count > 0)
            {
                connection.Commit(_batch);
            }
        }
        catch (NetlinkException refused)
        {
            // The kernel went on with the others.
            failed(refused);
        }
    }

    private sealed class ServerState(IpvsService definition)
    {
        internal TransportProtocol Protocol { get; set; } = definition.Key.Address is null ? TransportProtocol.Tcp : (TransportProtocol)definition.Key.Protocol;

        internal IpvsService Definition { get; set; } = definition;

        internal IPEndPoint? FrontEnd { get; set; }

        internal Dictionary<IPEndPoint, uint> Weights { get; } = [];
    }
}
