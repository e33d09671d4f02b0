using Dataplane.Hosting.Grpc;
using Google.Protobuf;

namespace Dataplane.Kubelet.Runtimes.Cri;

/// <summary>Calls of the Container Runtime Interface, version v1, on a unix socket.</summary>
internal sealed class CriClient(string socket) : IDisposable
{
    private const string Runtime = "runtime.v1.RuntimeService";
    private const string Images = "runtime.v1.ImageService";

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private readonly GrpcChannel _channel = GrpcChannel.ForUnixSocket(socket);

    internal Task<TResponse> RuntimeAsync<TRequest, TResponse>(
        string method, TRequest request, MessageParser<TResponse> parser, CancellationToken cancellation, TimeSpan? deadline = null)
        where TRequest : IMessage
        where TResponse : IMessage<TResponse> => CallAsync(Runtime, method, request, parser, deadline ?? Deadline, cancellation);

    internal Task<TResponse> ImagesAsync<TRequest, TResponse>(
        string method, TRequest request, MessageParser<TResponse> parser, TimeSpan deadline, CancellationToken cancellation)
        where TRequest : IMessage
        where TResponse : IMessage<TResponse> => CallAsync(Images, method, request, parser, deadline, cancellation);

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();

    private async Task<TResponse> CallAsync<TRequest, TResponse>(
        string service, string method, TRequest request, MessageParser<TResponse> parser, TimeSpan deadline, CancellationToken cancellation)
        where TRequest : IMessage
        where TResponse : IMessage<TResponse>
    {
        var call = new Method<TRequest, TResponse>(service, method, static message => message.ToByteArray(), parser.ParseFrom);
        try
        {
            return await _channel.UnaryAsync(call, request, deadline, cancellation);
        }
        catch (RpcException refusal)
        {
            throw new CriException(refusal);
        }
    }
}

/// <summary>The runtime said no, or nothing.</summary>
internal sealed class CriException(RpcException refusal) : IOException(refusal.Message, refusal)
{
    internal StatusCode Status { get; } = refusal.StatusCode;

    /// <summary>The runtime's own words.</summary>
    internal string Detail { get; } = refusal.Detail;
}
