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
    // Sorted by the slice's name, so that a merge does not depend on the order of events.
    private readonly Dictionary<NamespacedName, NamedSlice[]> _slices = [];
    private readonly Dictionary<NamespacedName, NamespacedName> _serviceOfSlice = [];
    private readonly HashSet<NamespacedName> _changed = [];
    private readonly FaultLog _faults = new(logger);
    private ServiceTable _table = ServiceTable.Empty;

    /// <summary>Takes a Service in; null when it was deleted.</summary>
    internal void Set(NamespacedName name, Service? service)
    {
        var faults = new List<string>();
        var read = service is null ? null : ServiceReader.Read(service, faults);
        _faults.Tell($"Service {name}", faults);
        if (read is not null)
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
        var faults = new List<string>();
        var read = slice is null ? null : EndpointSliceReader.Read(slice, faults);
        _faults.Tell($"EndpointSlice {name}", faults);
        // A slice may be given to another Service by its label.
        if (_serviceOfSlice.Remove(name, out var before) && before != read?.Service && _slices.TryGetValue(before, out var others))
        {
            if (others is [_])
            {
                _slices.Remove(before);
            }
            else
            {
                _slices[before] = [.. others.Where(other => other.Name != name.Name)];
            }

            _changed.Add(before);
            if (read is { Service: var taker })
            {
                logger.SliceMoved(name, before, taker);
            }
        }

        if (read is not (var service, var contents))
        {
            return;
        }

        _serviceOfSlice[name] = service;
        var next = new NamedSlice(name.Name, contents);
        _slices[service] = !_slices.TryGetValue(service, out var slices) || slices is [var only] && only.Name == name.Name
            ? [next]
            : [.. slices.Where(other => other.Name != name.Name).Append(next).OrderBy(other => other.Name, StringComparer.Ordinal)];
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
                    service, _slices.TryGetValue(name, out var slices) ? EndpointMerge.Merge(slices.Select(slice => slice.Contents)) : ServiceEndpoints.Empty);
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

    private readonly record struct NamedSlice(string Name, SliceContents Contents);
}
