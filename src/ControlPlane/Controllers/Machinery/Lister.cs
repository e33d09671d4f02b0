using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Dataplane.Api;
using Dataplane.Api.Client;

namespace Dataplane.ControlPlane.Controllers.Machinery;

/// <summary>The cached objects of one kind, shared by all controllers, with an index by namespace.</summary>
internal sealed class Lister<T>
    where T : class, IResource<T>
{
    private readonly Informer<T> _informer;
    private readonly ConcurrentDictionary<string, ImmutableDictionary<string, T>> _namespaces = [];

    public Lister(Informer<T> informer)
    {
        _informer = informer;
        _informer.Subscribe(Index);
    }

    /// <summary>All objects.</summary>
    public IEnumerable<T> All => _informer.Snapshot.Values;

    /// <summary>The objects of one namespace.</summary>
    public IEnumerable<T> In(string ns) => _namespaces.TryGetValue(ns, out var objects) ? objects.Values : [];

    /// <summary>One object, if <see cref="In"/> has it: of two views of a cache one is always first.</summary>
    public bool TryGet(NamespacedName name, [NotNullWhen(true)] out T? obj)
    {
        obj = null;
        return _namespaces.TryGetValue(name.Namespace, out var objects) && objects.TryGetValue(name.Name, out obj);
    }

    /// <summary>Tells of every change, in order, after this index shows it.</summary>
    public void Subscribe(Action<InformerChange<T>> subscriber) => _informer.Subscribe(subscriber);

    /// <summary>Calls for every change with the object's newest state.</summary>
    public void OnChange(Action<T> subscriber) => Subscribe(change => subscriber(change.Object));

    private void Index(InformerChange<T> change)
    {
        var (ns, name) = change.Name;
        var objects = _namespaces.GetValueOrDefault(ns, ImmutableDictionary<string, T>.Empty);
        objects = change.New is { } obj ? objects.SetItem(name, obj) : objects.Remove(name);
        if (objects.IsEmpty)
        {
            _namespaces.TryRemove(ns, out _);
        }
        else
        {
            _namespaces[ns] = objects;
        }
    }
}
