using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Userspace;

/// <summary>
/// The kernel's side of userspace mode: a table of its own for each family, one map element per front end, a fixed number of rules.
/// Every method is one transaction.
/// </summary>
internal sealed class UserspaceTable : IDisposable
{
    internal const string Name = "dataplane-userspace";

    private static readonly NftTable[] Tables = [new(NftFamily.Ip, Name), new(NftFamily.Ip6, Name)];

    private readonly NftablesConnection _connection;
    private ImmutableArray<(ulong Handle, int Rules)> _made = [];
    private int _elements;

    /// <param name="node">The node's network namespace; null for the process's own.</param>
    internal UserspaceTable(NetworkNamespace? node) => _connection = NftablesConnection.Open(node);

    /// <summary>By which notifications name what was done here.</summary>
    internal uint PortId => _connection.PortId;

    /// <summary>Puts the tables up anew, in place of what an earlier run or somebody else left.</summary>
    internal void Replace(IEnumerable<KeyValuePair<FrontEnd, Steering>> frontEnds, ImmutableArray<IPNetwork> nodePortNetworks)
    {
        var batch = new NftBatch();
        foreach (var table in Tables)
        {
            batch.DestroyTable(table);
            UserspaceRules.Add(batch, table, nodePortNetworks);
        }

        var elements = 0;

        // By map: elements of one map that follow each other share a message.
        foreach (var (frontEnd, steering) in frontEnds.OrderBy(entry => (entry.Key.Family, entry.Key.Address is null, entry.Value.Action)))
        {
            AddElement(batch, frontEnd, steering);
            elements++;
        }

        _connection.Commit(batch);
        _elements = elements;
        _made = Inspect();
    }

    /// <summary>Changes the elements of some front ends; sends nothing when nothing differs.</summary>
    internal void Change(IReadOnlyCollection<SteeringChange> changes)
    {
        var batch = new NftBatch();
        var differing = changes.Where(change => change.Before != change.After).ToList();

        // An element cannot be overwritten: all go before any comes.
        foreach (var change in differing.Where(change => change.Before.Action != SteeringAction.None))
        {
            batch.DeleteElement(TableOf(change.FrontEnd), MapOf(change.FrontEnd, change.Before), new NftElement(KeyOf(change.FrontEnd)));
        }

        foreach (var change in differing)
        {
            AddElement(batch, change.FrontEnd, change.After);
        }

        _connection.Commit(batch);
        _elements += differing.Count(change => change.Before.Action == SteeringAction.None)
            - differing.Count(change => change.After.Action == SteeringAction.None);
    }

    /// <summary>Whether the tables are those <see cref="Replace"/> made, with all their rules and as many elements as they should have.</summary>
    internal bool IsIntact() => !_made.IsEmpty && Inspect().SequenceEqual(_made) && Tables.Sum(CountElements) == _elements;

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

    private ImmutableArray<(ulong Handle, int Rules)> Inspect() =>
        [.. Tables.Select(table => (_connection.FindTable(table)?.Handle ?? 0, _connection.Rules(table).Count))];

    private int CountElements(NftTable table) => UserspaceRules.Maps.Sum(map => _connection.Elements(table, map).Count);

    private static void AddElement(NftBatch batch, FrontEnd frontEnd, Steering steering)
    {
        var key = KeyOf(frontEnd);
        switch (steering.Action)
        {
            case SteeringAction.Redirect:
                batch.AddElement(TableOf(frontEnd), MapOf(frontEnd, steering), new NftElement(key, NftValue.Port(steering.Port)));
                break;
            case SteeringAction.Reject:
                batch.AddElement(TableOf(frontEnd), MapOf(frontEnd, steering), new NftElement(key, NftVerdict.Goto(UserspaceRules.RejectChain)));
                break;
            case SteeringAction.Drop:
                batch.AddElement(TableOf(frontEnd), MapOf(frontEnd, steering), new NftElement(key, NftVerdict.Drop));
                break;
        }
    }

    private static NftTable TableOf(FrontEnd frontEnd) => Tables[frontEnd.Family == AddressFamily.InterNetworkV6 ? 1 : 0];

    private static string MapOf(FrontEnd frontEnd, Steering steering) => (frontEnd.Address is null, steering.Action == SteeringAction.Redirect) switch
    {
        (false, true) => UserspaceRules.ServicePorts,
        (true, true) => UserspaceRules.NodePorts,
        (false, false) => UserspaceRules.RefusedServices,
        (true, false) => UserspaceRules.RefusedNodePorts,
    };

    private static NftValue KeyOf(FrontEnd frontEnd)
    {
        var (protocol, port) = (NftValue.U8((byte)frontEnd.Protocol), NftValue.Port(frontEnd.Port));
        return frontEnd.Address is { } address
            ? NftValue.Concat(NftValue.Address(address), protocol, port)
            : NftValue.Concat(protocol, port);
    }
}
