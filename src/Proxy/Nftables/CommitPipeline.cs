using Dataplane.Netlink;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Nftables.Rules;

namespace Dataplane.Proxy.Nftables;

/// <summary>Transactions one after the other, of which one is rendered while the kernel works on the one before.</summary>
internal sealed class CommitPipeline(NftablesConnection connection)
{
    private NftBatch _filling = new();
    private NftBatch _sent = new();
    private Task _inFlight = Task.CompletedTask;

    /// <summary>Sent so far.</summary>
    internal int Transactions { get; private set; }

    /// <summary>Takes a change over; its object may be used again at once.</summary>
    /// <exception cref="NetlinkException">The kernel refused the one before.</exception>
    internal void Send(RulesetChange change, string tableName) => Send(batch =>
    {
        BatchWriter.Write(change, tableName, batch);
        return !change.IsEmpty;
    });

    /// <inheritdoc cref="Send(RulesetChange, string)"/>
    /// <param name="write">Into an empty batch; tells whether there is anything to send.</param>
    internal void Send(Func<NftBatch, bool> write)
    {
        _filling.Clear();
        if (!write(_filling))
        {
            return;
        }

        Settle();
        (_filling, _sent) = (_sent, _filling);
        var batch = _sent;
        _inFlight = Task.Run(() => connection.Commit(batch));
        Transactions++;
    }

    /// <summary>Waits for the last one.</summary>
    /// <exception cref="NetlinkException">The kernel refused it.</exception>
    internal void Settle()
    {
        var commit = _inFlight;
        _inFlight = Task.CompletedTask;
        commit.GetAwaiter().GetResult();
    }

    /// <summary>After a failure: nothing may be on its way when what was loaded is given up.</summary>
    internal void Abandon() => Task.WhenAny(_inFlight).GetAwaiter().GetResult();
}
