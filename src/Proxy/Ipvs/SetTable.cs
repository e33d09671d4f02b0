using Dataplane.Linux;
using Dataplane.Netlink;
using Dataplane.Netlink.Ipset;
using Dataplane.Proxy.Ipvs.Rendering;

namespace Dataplane.Proxy.Ipvs;

/// <summary>The sets that rules look at, and what Services have in them. Called under the mode's lock.</summary>
internal sealed class SetTable(IpsetConnection connection, IReadOnlyList<SetNames> families, Action<NetlinkException> failed)
{
    private CountedSet<SetElement> _elements = new();

    private IEnumerable<IpsetDefinition> Definitions => families.SelectMany(family => family.All);

    /// <summary>Makes those that are missing.</summary>
    /// <exception cref="NetlinkException">The kernel has no ipset, or a set of another kind has a name.</exception>
    internal void Create()
    {
        foreach (var set in Definitions)
        {
            try
            {
                connection.Create(set);
            }
            catch (NetlinkException exists) when (exists.Errno == Errno.EEXIST && IsUsable(set))
            {
                // Somebody made it larger or smaller.
            }
        }
    }

    internal ushort IndexOf(string name) => connection.Index(name);

    /// <summary>Elements of one set, as the kernel has them.</summary>
    internal IReadOnlyList<IpsetElement> Read(string name) => connection.Elements(name);

    /// <summary>Forgets what Services have in them.</summary>
    internal void Reset() => _elements = new CountedSet<SetElement>();

    internal void Count(RenderedService service, int sign) => _elements.Add(service.Elements, sign);

    /// <summary>Puts in what is wanted since the last call; <see cref="RemoveGone"/> takes out what is not.</summary>
    internal List<SetElement> AddWanted()
    {
        var (there, gone) = _elements.TakeTouched();
        Each(there, connection.Add);
        return gone;
    }

    internal void RemoveGone(List<SetElement> gone) => Each(gone, connection.Delete);

    /// <summary>What is in the kernel's sets and nobody wants.</summary>
    internal List<SetElement> Stale() =>
        [.. Definitions.SelectMany(set => connection.Elements(set.Name).Select(element => new SetElement(set.Name, element))).Where(element => !_elements.Contains(element))];

    /// <summary>What differs from the kernel by the sets' sizes; null for nothing.</summary>
    internal string? Difference()
    {
        var there = connection.Sets().ToDictionary(set => set.Name);
        var sizes = _elements.Items.GroupBy(element => element.Set).ToDictionary(set => set.Key, set => set.Count());
        foreach (var set in Definitions)
        {
            if (!there.TryGetValue(set.Name, out var found))
            {
                return $"set {set.Name} is missing";
            }

            var wanted = sizes.GetValueOrDefault(set.Name);
            if (set.Type != IpsetType.Port && found.Elements != wanted)
            {
                return $"set {set.Name} has {found.Elements} elements, not {wanted}";
            }
        }

        return null;
    }

    /// <summary>Removes the sets.</summary>
    internal void Destroy()
    {
        var there = connection.Sets().Select(set => set.Name).ToHashSet();
        foreach (var set in Definitions.Where(set => there.Contains(set.Name)))
        {
            try
            {
                connection.Destroy(set.Name);
            }
            catch (NetlinkException busy)
            {
                failed(busy);
            }
        }
    }

    private bool IsUsable(IpsetDefinition set) => connection.Sets().Any(found =>
        found.Name == set.Name && found.TypeName == set.TypeName && found.Family == set.Family && found.WithMarks == set.WithMarks);

    private void Each(List<SetElement> elements, Action<string, IReadOnlyCollection<IpsetElement>> operation)
    {
        foreach (var set in elements.GroupBy(element => element.Set, element => element.Element))
        {
            try
            {
                operation(set.Key, [.. set]);
            }
            catch (NetlinkException refused)
            {
                failed(refused);
            }
        }
    }
}
