using System.Collections.Immutable;
using System.Net.Sockets;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Userspace;

/// <summary>
/// The kernel's side of userspace mode: a table of its own for each family, a few elements per front end, a fixed number of rules.
/// Every method is one transaction.
/// </summary>
internal sealed class UserspaceTable : IDisposable
{
    internal const string Name = "dataplane-userspace";

    private static readonly NftTable[] Tables = [new(NftFamily.Ip, Name), new(NftFamily.Ip6, Name)];

    private readonly NftablesConnection _connection;

    /// <summary>Elements in the kernel, and how many front ends need each.</summary>
    private Dictionary<TableElement, int> _uses = [];

    private ImmutableArray<(ulong Handle, int Rules)> _made = [];

    /// <param name="node">The node's network namespace; null for the process's own.</param>
    internal UserspaceTable(NetworkNamespace? node) => _connection = NftablesConnection.Open(node);

    /// <summary>By which notifications name what was done here.</summary>
    internal uint PortId => _connection.PortId;

    internal static NftTable Of(AddressFamily family) => Tables[family == AddressFamily.InterNetworkV6 ? 1 : 0];

    /// <summary>Puts the tables up anew, in place of what an earlier run or somebody else left.</summary>
    internal void Replace(IEnumerable<TableElement> elements, ForwardingPlan plan)
    {
        var batch = new NftBatch();
        foreach (var table in Tables)
        {
            batch.DestroyTable(table);
            UserspaceRules.Add(batch, table, plan);
        }

        var uses = elements.GroupBy(element => element).ToDictionary(same => same.Key, same => same.Count());
        Add(batch, uses.Keys);
        _connection.Commit(batch);
        _uses = uses;
        _made = Inspect();
    }

    /// <summary>Adds what <see cref="UserspaceRules.AddPreserved"/> is for, which <see cref="Replace"/> leaves out.</summary>
    internal void Preserve()
    {
        var batch = new NftBatch();
        foreach (var table in Tables)
        {
            UserspaceRules.AddPreserved(batch, table);
        }

        _connection.Commit(batch);
        _made = Inspect();
    }

    /// <summary>Changes elements; sends nothing when nothing differs.</summary>
    internal void Change(IEnumerable<TableElement> gone, IEnumerable<TableElement> come)
    {
        var changes = new Dictionary<TableElement, int>();
        foreach (var (element, by) in gone.Select(element => (element, -1)).Concat(come.Select(element => (element, 1))))
        {
            changes[element] = changes.GetValueOrDefault(element, _uses.GetValueOrDefault(element)) + by;
        }

        // An element cannot be overwritten: all go before any comes.
        var batch = new NftBatch();
        foreach (var (element, uses) in changes)
        {
            if (uses == 0 && _uses.ContainsKey(element))
            {
                batch.DeleteElement(element.Table, element.Set, new NftElement(element.Element.Key) { KeyEnd = element.Element.KeyEnd });
            }
        }

        Add(batch, changes.Where(change => change.Value > 0 && !_uses.ContainsKey(change.Key)).Select(change => change.Key));
        _connection.Commit(batch);
        foreach (var (element, uses) in changes)
        {
            if (uses == 0)
            {
                _uses.Remove(element);
            }
            else
            {
                _uses[element] = uses;
            }
        }
    }

    /// <summary>Whether the tables are those <see cref="Replace"/> made, with all their rules and as many elements as they should have.</summary>
    internal bool IsIntact() => !_made.IsEmpty && Inspect().SequenceEqual(_made) && Tables.Sum(CountElements) == _uses.Count;

    /// <summary>Removes the tables, of whichever run.</summary>
    internal void Remove()
    {
        var batch = new NftBatch();
        foreach (var table in Tables)
        {
            batch.DestroyTable(table);
        }

        _connection.Commit(batch);
        _made = [];
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    // By set: elements of one set that follow each other share a message.
    private static void Add(NftBatch batch, IEnumerable<TableElement> elements)
    {
        foreach (var (table, set, element) in elements.OrderBy(element => (element.Table.Family, element.Set)))
        {
            batch.AddElement(table, set, element);
        }
    }

    private ImmutableArray<(ulong Handle, int Rules)> Inspect() =>
        [.. Tables.Select(table => (_connection.FindTable(table)?.Handle ?? 0, _connection.Rules(table).Count))];

    private int CountElements(NftTable table) => UserspaceRules.SetNames.Sum(set => _connection.Elements(table, set).Count);
}
