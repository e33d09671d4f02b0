namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>The connections of one loop by slot.</summary>
internal sealed class ConnectionPool
{
    private readonly List<RelayConnection> _all = [];
    private readonly Stack<RelayConnection> _free = new();

    internal IReadOnlyList<RelayConnection> All => _all;

    internal RelayConnection Rent()
    {
        if (_free.TryPop(out var connection))
        {
            return connection;
        }

        connection = new RelayConnection(_all.Count);
        _all.Add(connection);
        return connection;
    }

    internal void Return(RelayConnection connection)
    {
        connection.Reset();
        _free.Push(connection);
    }

    /// <summary>Null when the slot has been given back since.</summary>
    internal RelayConnection? Find(int slot, uint generation) =>
        _all[slot].Generation == generation && _all[slot].Phase != RelayPhase.Free ? _all[slot] : null;
}
