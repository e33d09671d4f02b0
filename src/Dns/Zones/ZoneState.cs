using System.Net;
using System.Net.Sockets;
using Dataplane.Api;

namespace Dataplane.Dns.Zones;

/// <summary>What of the zone is configuration.</summary>
internal sealed record ZoneOptions
{
    internal required ZoneNames Zone { get; init; }

    internal ZoneNames[] ReverseZones { get; init; } = [];

    internal uint Ttl { get; init; } = 5;

    internal PodRecordMode Pods { get; init; } = PodRecordMode.Insecure;

    /// <summary>The only namespaces that have names; empty for all that are followed.</summary>
    internal IReadOnlySet<string> Namespaces { get; init; } = new HashSet<string>();

    /// <summary>Namespaces are followed by their labels: those that are not there have no names.</summary>
    internal bool FollowsSomeNamespaces { get; init; }

    /// <summary>A service with a cluster address but no ready endpoint does not exist.</summary>
    internal bool HidesEmptyServices { get; init; }

    /// <summary>The service whose cluster addresses <c>ns.dns.ZONE</c> has.</summary>
    internal NamespacedName NameServerService { get; init; } = new("kube-system", "kube-dns");

    /// <summary>What <c>ns.dns.ZONE</c> has while that service does not exist.</summary>
    internal IReadOnlyList<IPAddress> NameServerAddresses { get; init; } = [];
}

/// <summary>
/// The watched objects, and which services changed since the last commit. One thread writes; <see cref="Commit"/> derives the
/// records of the changed services only and returns the next snapshot.
/// </summary>
internal sealed class ZoneState
{
    private readonly ZoneOptions _options;
    private readonly Dictionary<NamespacedName, ServiceShape> _services = [];
    private readonly Dictionary<NamespacedName, SliceOf[]> _slices = [];
    private readonly Dictionary<NamespacedName, NamespacedName> _serviceOf = [];
    private readonly HashSet<NamespacedName> _changed = [];
    private readonly List<(NamespacedName Service, DateTimeOffset At)> _triggers = [];
    private readonly List<(string Namespace, bool Exists)> _namespaces = [];
    private readonly PodAddressCounts _pods = new();
    private ZoneSnapshot _current;

    internal ZoneState(ZoneOptions options)
    {
        _options = options;
        _current = new ZoneSnapshot
        {
            Zone = options.Zone,
            ReverseZones = options.ReverseZones,
            Ttl = options.Ttl,
            Pods = options.Pods,
            RestrictsNamespaces = options.Namespaces.Count > 0 || options.FollowsSomeNamespaces,
            NameServer = NameServer(null),
        };
    }

    internal ZoneSnapshot Current => _current;

    internal int ServiceCount => _services.Count;

    internal int NamespaceCount => _current.Namespaces.Count;

    /// <summary>A change of nothing that names are made of, such as the status, changes nothing.</summary>
    /// <param name="name">Which.</param>
    /// <param name="now">The service as it is; <see langword="null"/> when deleted.</param>
    internal void SetService(NamespacedName name, ServiceShape? now)
    {
        if (now is not null && _services.TryGetValue(name, out var known) && known.Same(now))
        {
            return;
        }

        _changed.Add(name);
        if (now is null)
        {
            _services.Remove(name);
        }
        else
        {
            _services[name] = now;
        }
    }

    /// <summary>A slice may come to be of another service: both change. One in which nothing changed that names are made of changes nothing.</summary>
    /// <param name="name">Which.</param>
    /// <param name="now">The slice as it is; <see langword="null"/> when deleted.</param>
    /// <param name="triggered">When what the slice tells of came about, if it says so.</param>
    internal void SetSlice(NamespacedName name, SliceShape? now, DateTimeOffset? triggered = null)
    {
        if (_serviceOf.TryGetValue(name, out var before) && _slices.TryGetValue(before, out var siblings))
        {
            var at = Array.FindIndex(siblings, slice => slice.Name == name.Name);
            if (now is not null && siblings[at].Shape.Same(now))
            {
                return;
            }

            _serviceOf.Remove(name);
            _changed.Add(before);
            if (siblings.Length == 1)
            {
                _slices.Remove(before);
            }
            else
            {
                _slices[before] = [.. siblings[..at], .. siblings[(at + 1)..]];
            }
        }

        if (now?.Service is { } service)
        {
            var after = new NamespacedName(name.Namespace, service);
            _changed.Add(after);
            _slices[after] = [.. _slices.GetValueOrDefault(after, []), new SliceOf(name.Name, now)];
            _serviceOf[name] = after;
            if (triggered is { } moment)
            {
                _triggers.Add((after, moment));
            }
        }
    }

    /// <summary>When the changes of headless services' endpoints came about that were taken in since the last call: those are changes of names.</summary>
    internal DateTimeOffset[] TakeTriggers()
    {
        var taken = _triggers.Where(trigger => _services.TryGetValue(trigger.Service, out var service) && service.IsHeadless).Select(trigger => trigger.At).ToArray();
        _triggers.Clear();
        return taken;
    }

    internal void SetNamespace(string name, bool exists)
    {
        if (_options.Namespaces.Count == 0 || _options.Namespaces.Contains(name))
        {
            _namespaces.Add((name, exists));
        }
    }

    /// <param name="name">Which.</param>
    /// <param name="addresses">What the pod has now; <see langword="null"/> when deleted.</param>
    internal void SetPod(NamespacedName name, string[]? addresses) => _pods.Replace(name, addresses);

    /// <param name="now">Becomes the serial when anything changed.</param>
    /// <param name="synced">Whether all kinds have been listed.</param>
    internal ZoneSnapshot Commit(DateTimeOffset now, bool synced)
    {
        var services = _current.Services.ToBuilder();
        var pointers = _current.Pointers.ToBuilder();
        var namespaces = _current.Namespaces.ToBuilder();
        foreach (var name in _changed)
        {
            Derive(name, services, pointers);
        }

        foreach (var (name, exists) in _namespaces)
        {
            if (ZoneNames.NamespaceKey(name) is { } key)
            {
                _ = exists ? Set(namespaces, key) : namespaces.Remove(key);
            }
        }

        var (podAddresses, podNamespaces) = _pods.Apply(_current.PodAddresses, _current.PodNamespaces);
        var next = _current with
        {
            Synced = synced,
            Services = services.ToTable(),
            Pointers = pointers.ToTable(),
            Namespaces = namespaces.ToTable(),
            PodAddresses = podAddresses,
            PodNamespaces = podNamespaces,
            NameServer = _changed.Contains(_options.NameServerService)
                ? NameServer(_services.GetValueOrDefault(_options.NameServerService))
                : _current.NameServer,
        };
        _changed.Clear();
        _namespaces.Clear();
        var serial = next == _current ? _current.Serial : Math.Max(_current.Serial, (uint)now.ToUnixTimeSeconds());
        return _current = next with { Serial = serial };
    }

    private static bool Set(NameTable<byte[]>.Builder table, byte[] key)
    {
        table.Set(key, key);
        return true;
    }

    private void Derive(NamespacedName name, NameTable<ServiceRecords>.Builder services, NameTable<PointerRecords>.Builder pointers)
    {
        if (ZoneNames.ServiceKey(name.Namespace, name.Name) is not { } key)
        {
            return;
        }

        services.TryGet(key, out var old);
        var slices = _slices.GetValueOrDefault(name, []).Select(slice => slice.Shape);
        var records = _services.TryGetValue(name, out var service)
            ? ServiceRecordsFactory.Create(_options, service, slices)
            : null;
        if (records is not null)
        {
            services.Set(records.Key, records);
        }
        else if (old is not null)
        {
            services.Remove(key);
        }

        PointerChanges.Apply(pointers, old, records);
    }

    private HostRecords NameServer(ServiceShape? service)
    {
        var chosen = service is { ClusterAddresses.Length: > 0 } ? service.ClusterAddresses : _options.NameServerAddresses;
        return new HostRecords(
            [],
            AddressRecords.Encode(chosen, AddressFamily.InterNetwork, _options.Ttl),
            AddressRecords.Encode(chosen, AddressFamily.InterNetworkV6, _options.Ttl));
    }

    /// <summary>One of a service's slices; nearly always there is one, so that an array is a third of what a dictionary would take.</summary>
    private readonly record struct SliceOf(string Name, SliceShape Shape);
}
