using Dataplane.ControlPlane.Store.Etcd.Messages;
using Dataplane.Hosting.Grpc;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Store.Etcd;

/// <summary>
/// A store in etcd, shared by any number of API servers. Writes are transactions there; reads and watches are served from a
/// copy in memory that follows etcd's own watch, and a write is answered when the copy has it.
/// </summary>
internal sealed class EtcdStore : IStore
{
    private readonly EtcdClient _client;
    private readonly EtcdKeys _keys;
    private readonly EtcdCopy _copy;
    private readonly EtcdLeases _leases;
    private readonly CancellationTokenSource _stopping = new();
    private Task _background = Task.CompletedTask;

    private EtcdStore(EtcdClient client, EtcdKeys keys, EtcdCopy copy, TimeProvider time)
    {
        _client = client;
        _keys = keys;
        _copy = copy;
        _leases = new EtcdLeases(client, time);
    }

    public StoreSnapshot Current => _copy.History.Current;

    /// <summary>Reads everything and begins to follow.</summary>
    /// <param name="options">Where etcd is.</param>
    /// <param name="read">From a key of this store and the value under it to stored JSON; null for a value that is no object.</param>
    /// <param name="logger">Told of lost connections.</param>
    /// <param name="time">Paces.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IOException">No member answers; one line.</exception>
    public static async Task<EtcdStore> OpenAsync(
        EtcdOptions options, Func<string, ReadOnlyMemory<byte>, ReadOnlyMemory<byte>?> read, ILogger logger, TimeProvider time, CancellationToken cancellation = default)
    {
        var client = new EtcdClient(options);
        var keys = new EtcdKeys(options.Prefix);
        var copy = new EtcdCopy(client, keys, read, logger, time);
        try
        {
            await copy.LoadAsync(cancellation);
        }
        catch (RpcException failure)
        {
            client.Dispose();
            throw new IOException($"etcd at {string.Join(", ", options.Servers)}: {failure.Message}", failure);
        }

        var store = new EtcdStore(client, keys, copy, time);
        store._background = Task.WhenAll(
            copy.FollowAsync(store._stopping.Token),
            new EtcdCompactor(client, options.CompactionInterval, logger, time).RunAsync(store._stopping.Token));
        return store;
    }

    public StoreSnapshot At(Revision revision) => _copy.History.At(revision);

    public StoreWatch Watch(string prefix, Revision after) => _copy.History.Watch(prefix, after);

    public Task WaitForAsync(Revision revision, CancellationToken cancellation) => _copy.WaitForAsync(revision, cancellation);

    /// <exception cref="IOException">No member answers in time.</exception>
    public async ValueTask RefreshAsync(CancellationToken cancellation)
    {
        try
        {
            // A read that is not serializable has the agreement of a majority: nothing that was answered before is newer.
            var newest = await _client.RangeAsync(new RangeRequest { Key = EtcdKeys.Nothing, CountOnly = true }, cancellation);
            await WaitForAsync(new Revision(newest.Header.Revision), cancellation);
        }
        catch (RpcException failure)
        {
            throw new IOException($"etcd: {failure.Message}", failure);
        }
    }

    /// <exception cref="IOException">It was not made, or it is not known whether it was.</exception>
    public async ValueTask<CommitResult> CommitAsync(StoreWrite write, CancellationToken cancellation = default)
    {
        try
        {
            var lease = write.TimeToLive is { } life && !write.IsDeletion ? await _leases.ForAsync(life, cancellation) : 0;
            var before = Current.Get(write.Key);
            var answer = await _client.TxnAsync(Transaction(write, lease), cancellation);
            var revision = new Revision(answer.Header.Revision);
            await WaitForAsync(revision, cancellation);
            return answer.Succeeded ? new CommitResult(true, Written(write, before, revision)) : new CommitResult(false, Current.Get(write.Key));
        }
        catch (RpcException failure)
        {
            throw new IOException($"the store cannot write: etcd: {failure.Message}", failure);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _background.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _copy.Close();
        _client.Dispose();
        _leases.Dispose();
        _stopping.Dispose();
    }

    private TxnRequest Transaction(StoreWrite write, long lease)
    {
        var key = _keys.ToEtcd(write.Key);
        var request = new TxnRequest
        {
            // 0 is the revision of a key that is not there; a deletion must find one.
            Compare =
            {
                new Compare
                {
                    Result = Compare.Types.CompareResult.Equal,
                    Target = Compare.Types.CompareTarget.Mod,
                    Key = key,
                    ModRevision = write.IsDeletion && write.Expected == Revision.None ? -1 : write.Expected.Value,
                },
            },
        };
        request.Success.Add(write.IsDeletion
            ? new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = key } }
            : new RequestOp { RequestPut = new PutRequest { Key = key, Value = UnsafeByteOperations.UnsafeWrap(write.Value), Lease = lease } });
        return request;
    }

    /// <summary>The version a write made, wherever the copy has got to since.</summary>
    /// <param name="write">The write.</param>
    /// <param name="before">What the copy had under the key when it was made; the very version that was expected unless others write too.</param>
    /// <param name="revision">The write's.</param>
    private StoredObject? Written(StoreWrite write, StoredObject? before, Revision revision)
    {
        if (write.IsDeletion)
        {
            return before?.At(revision);
        }

        return Current.Get(write.Key) is { } now && now.Modified == revision
            ? now
            : StoredObject.Create(write.Key, write.Expected == Revision.None ? revision : before?.Created ?? revision, revision, write.Value.Span, before);
    }
}
