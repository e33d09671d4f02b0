namespace Dataplane.ControlPlane.Resources;

/// <summary>
/// Every resource the server serves: those it has from the start, and those that definitions add and take away while it runs. Readers
/// see one immutable snapshot after another.
/// </summary>
internal sealed class ResourceCatalog(IReadOnlyList<ResourceDescriptor> builtIn)
{
    private volatile CatalogSnapshot _current = new(0, builtIn);

    public CatalogSnapshot Current => _current;

    public IReadOnlyList<ResourceDescriptor> All => _current.All;

    public ResourceDescriptor? Find(string group, string version, string plural) => _current.Find(group, version, plural);

    public ResourceDescriptor Find(string group, string plural) =>
        All.First(resource => resource.Names.Group == group && resource.Names.Plural == plural);

    /// <summary>Replaces what definitions add. One caller at a time.</summary>
    public void ServeCustom(IReadOnlyList<ResourceDescriptor> custom)
    {
        if (!_current.All.Skip(builtIn.Count).SequenceEqual(custom))
        {
            _current = new CatalogSnapshot(_current.Number + 1, [.. builtIn, .. custom]);
        }
    }
}
