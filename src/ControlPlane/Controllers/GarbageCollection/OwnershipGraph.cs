using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.GarbageCollection;

/// <summary>An object of any kind, as far as ownership goes.</summary>
internal sealed record OwnedObject(ResourceType Resource, ObjectMeta Metadata)
{
    public NamespacedName Name => new(Metadata.Namespace, Metadata.Name);
}

/// <summary>Who owns whom, by uid. Safe for concurrent use.</summary>
internal sealed class OwnershipGraph
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, OwnedObject> _objects = [];
    private readonly Dictionary<string, HashSet<string>> _dependents = [];

    public void Set(OwnedObject obj)
    {
        lock (_gate)
        {
            Unlink(obj.Metadata.UID);
            _objects[obj.Metadata.UID] = obj;
            foreach (var owner in obj.Metadata.OwnerReferences)
            {
                if (!_dependents.TryGetValue(owner.UID, out var dependents))
                {
                    _dependents[owner.UID] = dependents = [];
                }

                dependents.Add(obj.Metadata.UID);
            }
        }
    }

    public void Remove(string uid)
    {
        lock (_gate)
        {
            Unlink(uid);
            _objects.Remove(uid);
        }
    }

    public OwnedObject? Find(string uid)
    {
        lock (_gate)
        {
            return _objects.GetValueOrDefault(uid);
        }
    }

    public List<OwnedObject> Dependents(string uid)
    {
        lock (_gate)
        {
            return _dependents.TryGetValue(uid, out var dependents) ? [.. dependents.Select(dependent => _objects[dependent])] : [];
        }
    }

    /// <summary>Everything that has owners, by uid.</summary>
    public List<string> Owned()
    {
        lock (_gate)
        {
            return [.. _objects.Values.Where(obj => obj.Metadata.OwnerReferences.Count > 0).Select(obj => obj.Metadata.UID)];
        }
    }

    private void Unlink(string uid)
    {
        if (!_objects.TryGetValue(uid, out var obj))
        {
            return;
        }

        foreach (var owner in obj.Metadata.OwnerReferences)
        {
            if (_dependents.TryGetValue(owner.UID, out var dependents) && dependents.Remove(uid) && dependents.Count == 0)
            {
                _dependents.Remove(owner.UID);
            }
        }
    }
}
