namespace Dataplane.ControlPlane.Resources;

/// <summary>What is served at one moment.</summary>
internal sealed class CatalogSnapshot
{
    private readonly Dictionary<(string Group, string Version, string Plural), ResourceDescriptor> _byPath;

    /// <param name="number">Counts the changes: what is made from one snapshot can be kept until the number is another.</param>
    /// <param name="all">In the order discovery shows them.</param>
    public CatalogSnapshot(int number, IReadOnlyList<ResourceDescriptor> all)
    {
        Number = number;
        All = all;
        _byPath = all.ToDictionary(resource => (resource.Names.Group, resource.Names.Version, resource.Names.Plural));
    }

    public int Number { get; }

    public IReadOnlyList<ResourceDescriptor> All { get; }

    public ResourceDescriptor? Find(string group, string version, string plural) => _byPath.GetValueOrDefault((group, version, plural));
}
