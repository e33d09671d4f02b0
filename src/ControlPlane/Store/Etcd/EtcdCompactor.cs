using System.Globalization;
using Dataplane.ControlPlane.Store.Etcd.Messages;
using Dataplane.Hosting.Grpc;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Store.Etcd;

/// <summary>
/// Throws etcd's past away, up to where it was an interval ago. API servers agree through compact_rev_key on who does it: the
/// one whose transaction finds the version it has seen. Source: apiserver's storage/etcd3/compact.go.
/// </summary>
internal sealed class EtcdCompactor(EtcdClient client, TimeSpan interval, ILogger logger, TimeProvider time)
{
    private static readonly ByteString Key = ByteString.CopyFromUtf8("compact_rev_key");

    public async Task RunAsync(CancellationToken cancellation)
    {
        if (interval == TimeSpan.Zero)
        {
            return;
        }

        var (version, revision) = (0L, 0L);
        using var timer = new PeriodicTimer(interval, time);
        while (await WaitAsync(timer, cancellation))
        {
            try
            {
                (version, revision) = await CompactAsync(version, revision, cancellation);
            }
            catch (RpcException failure)
            {
                Log.NotCompacted(logger, failure.Message);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <param name="version">Of the key, as last seen.</param>
    /// <param name="revision">Of etcd at that time: what may go now.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The same for the next time.</returns>
    /// <exception cref="RpcException">etcd does not answer.</exception>
    internal async Task<(long Version, long Revision)> CompactAsync(long version, long revision, CancellationToken cancellation)
    {
        var text = revision.ToString(CultureInfo.InvariantCulture);
        var answer = await client.TxnAsync(
            new TxnRequest
            {
                Compare = { new Compare { Result = Compare.Types.CompareResult.Equal, Target = Compare.Types.CompareTarget.Version, Key = Key, Version = version } },
                Success = { new RequestOp { RequestPut = new PutRequest { Key = Key, Value = ByteString.CopyFromUtf8(text) } } },
                Failure = { new RequestOp { RequestRange = new RangeRequest { Key = Key } } },
            },
            cancellation);
        if (!answer.Succeeded)
        {
            return (answer.Responses[0].ResponseRange.Kvs.FirstOrDefault()?.Version ?? 0, answer.Header.Revision);
        }

        if (revision > 0)
        {
            await client.CompactAsync(revision, cancellation);
        }

        return (version + 1, answer.Header.Revision);
    }

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken cancellation)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
