namespace Dataplane.ControlPlane.Resources;

/// <summary>Every resource the server serves.</summary>
internal sealed class ResourceCatalog
{
    private readonly Dictionary<(string Group, string Version, string Plural), ResourceDescriptor> _byPath;

    public ResourceCatalog(IReadOnlyList<ResourceDescriptor> all)
    {
        All = all;
        _byPath = all.ToDictionary(resource => (resource.Names.Group, resource.Names.Version, resource.Names.Plural));
    }

    public IReadOnlyList<ResourceDescriptor> All { get; }

    public ResourceDescriptor? Find(string group, string version, string plural) => _byPath.GetValueOrDefault((group, version, plural));

    public ResourceDescriptor Find(string group, string plural) =>
        All.First(resource => resource.Names.Group == group && resource.Names.Plural == plural);

    /// <summary>The resource a store key belongs to.</summary>
    public ResourceDescriptor? OfKey(string key) => All.FirstOrDefault(resource => key.StartsWith(resource.StoragePrefix, StringComparison.Ordinal));
}
