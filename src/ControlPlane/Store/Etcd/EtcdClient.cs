using Dataplane.ControlPlane.Store.Etcd.Messages;
using Dataplane.Hosting.Grpc;
using Google.Protobuf;

namespace Dataplane.ControlPlane.Store.Etcd;

/// <summary>The calls the store makes, each to a member that answers.</summary>
internal sealed class EtcdClient : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private static readonly Method<RangeRequest, RangeResponse> RangeMethod = Method<RangeRequest, RangeResponse>("KV", "Range", RangeResponse.Parser);
    private static readonly Method<TxnRequest, TxnResponse> TxnMethod = Method<TxnRequest, TxnResponse>("KV", "Txn", TxnResponse.Parser);
    private static readonly Method<CompactionRequest, CompactionResponse> CompactMethod =
        Method<CompactionRequest, CompactionResponse>("KV", "Compact", CompactionResponse.Parser);
    private static readonly Method<LeaseGrantRequest, LeaseGrantResponse> LeaseGrantMethod =
        Method<LeaseGrantRequest, LeaseGrantResponse>("Lease", "LeaseGrant", LeaseGrantResponse.Parser);
    private static readonly Method<WatchRequest, WatchResponse> WatchMethod = Method<WatchRequest, WatchResponse>("Watch", "Watch", WatchResponse.Parser);

    /// <summary>A member that has lost its leader ends a watch with this, instead of keeping silent.</summary>
    private static readonly Dictionary<string, string> RequireLeader = new() { ["hasleader"] = "true" };

    private readonly GrpcChannel[] _members;
    private int _current;

    /// <exception cref="IOException">A certificate file that cannot be used.</exception>
    public EtcdClient(EtcdOptions options)
    {
        var tls = options.Tls();
        _members = [.. options.Servers.Select(server => GrpcChannel.ForAddress(server, server.Scheme == Uri.UriSchemeHttps ? tls : null))];
    }

    /// <exception cref="RpcException">No member gives it.</exception>
    public Task<RangeResponse> RangeAsync(RangeRequest request, CancellationToken cancellation) => AskAsync(RangeMethod, request, isRead: true, cancellation);

    /// <exception cref="RpcException">It was not made, or it is not known whether it was.</exception>
    public Task<TxnResponse> TxnAsync(TxnRequest request, CancellationToken cancellation) => AskAsync(TxnMethod, request, isRead: false, cancellation);

    /// <exception cref="RpcException">It was not made.</exception>
    public Task CompactAsync(long revision, CancellationToken cancellation) =>
        AskAsync(CompactMethod, new CompactionRequest { Revision = revision }, isRead: false, cancellation);

    /// <returns>The lease's id.</returns>
    /// <exception cref="RpcException">There is none.</exception>
    public async Task<long> GrantLeaseAsync(long seconds, CancellationToken cancellation) =>
        (await AskAsync(LeaseGrantMethod, new LeaseGrantRequest { TTL = seconds }, isRead: true, cancellation)).ID;

    /// <summary>Watches all keys from a revision on.</summary>
    /// <exception cref="RpcException">The member that was tried does not take it; the next call tries another.</exception>
    public async Task<DuplexCall<WatchRequest, WatchResponse>> WatchAsync(long from, CancellationToken cancellation)
    {
        var all = ByteString.CopyFrom(0);
        var create = new WatchCreateRequest { Key = all, RangeEnd = all, StartRevision = from, ProgressNotify = true, Fragment = true };
        var member = Volatile.Read(ref _current);
        try
        {
            return await Member(member).DuplexAsync(WatchMethod, new WatchRequest { CreateRequest = create }, RequireLeader, cancellation);
        }
        catch (RpcException)
        {
            Leave(member);
            throw;
        }
    }

    /// <summary>The next calls go to another member.</summary>
    public void LeaveMember() => Leave(Volatile.Read(ref _current));

    public void Dispose() => Array.ForEach(_members, member => member.Dispose());

    private async Task<TResponse> AskAsync<TRequest, TResponse>(
        Method<TRequest, TResponse> method, TRequest request, bool isRead, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var member = Volatile.Read(ref _current);
            try
            {
                return await Member(member).UnaryAsync(method, request, Deadline, cancellation);
            }
            catch (RpcException failure) when (attempt <= 2 * _members.Length && MayAskAgain(failure, isRead))
            {
                Leave(member);
            }
        }
    }

    /// <summary>A write is made again only when it is certain that it was not made.</summary>
    private static bool MayAskAgain(RpcException failure, bool isRead) =>
        !failure.WasSent
        || (failure.StatusCode == StatusCode.Unavailable && (isRead || failure.Detail is "etcdserver: no leader" or "etcdserver: not capable"));

    private GrpcChannel Member(int number) => _members[(uint)number % _members.Length];

    private void Leave(int number) => Interlocked.CompareExchange(ref _current, number + 1, number);

    private static Method<TRequest, TResponse> Method<TRequest, TResponse>(string service, string name, MessageParser<TResponse> parser)
        where TRequest : IMessage
        where TResponse : IMessage<TResponse> =>
        new($"etcdserverpb.{service}", name, static request => request.ToByteArray(), parser.ParseFrom);
}
