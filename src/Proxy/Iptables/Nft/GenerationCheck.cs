using Dataplane.Netlink.Nftables;

namespace Dataplane.Proxy.Iptables.Nft;

/// <summary>Tells whether somebody else's transactions came between ours, by the ruleset's generation, which counts all of them.</summary>
internal sealed class GenerationCheck
{
    private readonly NftablesConnection _connection;
    private uint _generation;
    private bool _isOurs = true;

    internal GenerationCheck(NftablesConnection connection)
    {
        _connection = connection;
        _generation = connection.Generation();
    }

    internal void Commit(NftBatch batch)
    {
        _isOurs &= _connection.Generation() == _generation;
        _connection.Commit(batch);
        // A batch that changes nothing does not count.
        var next = _connection.Generation();
        _isOurs &= next - _generation <= 1;
        _generation = next;
    }

    /// <summary>Whether all transactions so far were ours.</summary>
    internal bool IsOurs() => _isOurs && _connection.Generation() == _generation;
}
