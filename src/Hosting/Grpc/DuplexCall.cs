namespace Dataplane.Hosting.Grpc;

/// <summary>A call of many requests and many answers that is under way. One reader and one writer at a time.</summary>
public sealed class DuplexCall<TRequest, TResponse> : IAsyncDisposable
{
    private readonly Method<TRequest, TResponse> _method;
    private readonly RequestStream _requests;
    private readonly HttpResponseMessage _response;
    private readonly Stream _body;

    internal DuplexCall(Method<TRequest, TResponse> method, RequestStream requests, HttpResponseMessage response, Stream body)
    {
        _method = method;
        _requests = requests;
        _response = response;
        _body = body;
    }

    /// <summary>Sends a further request.</summary>
    /// <exception cref="RpcException">The connection broke.</exception>
    public async Task WriteAsync(TRequest request, CancellationToken cancellation)
    {
        try
        {
            await _requests.WriteAsync(GrpcFrames.Frame(_method.Serialize(request)), cancellation).ConfigureAwait(false);
        }
        catch (IOException failure)
        {
            throw GrpcStatus.Broken(failure);
        }
    }

    /// <summary>The next answer; false when the server ended the call with OK.</summary>
    /// <exception cref="RpcException">The call ended otherwise.</exception>
    public async Task<(bool More, TResponse? Response)> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            if (await GrpcFrames.ReadAsync(_body, cancellation).ConfigureAwait(false) is { } message)
            {
                return (true, _method.Deserialize(message));
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            throw GrpcStatus.Broken(failure);
        }

        GrpcStatus.CheckEnd(_response);
        return (false, default);
    }

    /// <summary>Ends the call, whatever is still under way.</summary>
    public async ValueTask DisposeAsync()
    {
        _requests.Complete();
        await _body.DisposeAsync().ConfigureAwait(false);
        _response.Dispose();
        _requests.Dispose();
    }
}
