using System.Collections.Immutable;
using Dataplane.Api;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.ServiceModel;

/// <summary>
/// Follows Services and EndpointSlices as informers tell of them, and gives out the table they make and the Services that changed since it was last
/// asked. One writer.
/// </summary>
internal sealed class ServiceModelState(ILogger logger)
{
    private readonly Dictionary<NamespacedName, ProxiedService> _services = [];
    private readonly Dictionary<NamespacedName, SortedDictionary<string, SliceContents>> _slices = [];
    private readonly Dictionary<NamespacedName, NamespacedName> _serviceOfSlice = [];
    private readonly HashSet<NamespacedName> _changed = [];
    private ServiceTable _table = ServiceTable.Empty;

    /// <summary>Takes a Service in; null when it was deleted.</summary>
    internal void Set(NamespacedName name, Service? service)
    {
        if (service is not null && ServiceReader.Read(service, logger) is { } read)
        {
            _services[name] = read;
            _changed.Add(name);
        }
        else if (_services.Remove(name))
        {
            _changed.Add(name);
        }
    }

    /// <summary>Takes an EndpointSlice in; null when it was deleted.</summary>
    internal void Set(NamespacedName name, EndpointSlice? slice)
    {
        var read = slice is null ? null : EndpointSliceReader.Read(slice, logger);
        // A slice may be given to another Service by its label.
        if (_serviceOfSlice.Remove(name, out var before) && before != read?.Service && _slices.TryGetValue(before, out var others))
        {
            others.Remove(name.Name);
            if (others.Count == 0)
            {
                _slices.Remove(before);
            }

            _changed.Add(before);
        }

        if (read is not (var service, var contents))
        {
            return;
        }

        _serviceOfSlice[name] = service;
        if (!_slices.TryGetValue(service, out var slices))
        {
            _slices.Add(service, slices = new SortedDictionary<string, SliceContents>(StringComparer.Ordinal));
        }

        slices[name.Name] = contents;
        _changed.Add(service);
    }

    /// <summary>The table now, and what changed since the last call.</summary>
    internal (ServiceTable Table, IReadOnlyCollection<NamespacedName> Changed) Take()
    {
        if (_changed.Count == 0)
        {
            return (_table, []);
        }

        var services = _table.Services.ToBuilder();
        foreach (var name in _changed)
        {
            if (_services.TryGetValue(name, out var service))
            {
                services[name] = new ServiceEntry(
                    service, _slices.TryGetValue(name, out var slices) ? EndpointMerge.Merge(slices.Values) : ServiceEndpoints.Empty);
            }
            else
            {
                services.Remove(name);
            }
        }

        ImmutableArray<NamespacedName> changed = [.. _changed];
        _changed.Clear();
        _table = new ServiceTable(services.ToImmutable());
        return (_table, changed);
    }
}
