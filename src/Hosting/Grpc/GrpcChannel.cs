using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;

namespace Dataplane.Hosting.Grpc;

/// <summary>
/// gRPC calls to one address over HttpClient's HTTP/2. The shapes are those of Grpc.Net.Client, which does not restore where
/// the suite is built: with it this folder goes.
/// </summary>
public sealed class GrpcChannel : IDisposable
{
    /// <summary>grpc-timeout has eight digits at most; here they are milliseconds.</summary>
    private const long LongestTimeout = 99_999_999;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly MediaTypeHeaderValue Grpc = new("application/grpc");

    private readonly HttpClient _http;

    private GrpcChannel(HttpClient http) => _http = http;

    /// <summary>A channel; nothing is connected before the first call.</summary>
    /// <param name="address">http or https, host and port.</param>
    /// <param name="tls">Certificates for https; null uses the machine's roots.</param>
    public static GrpcChannel ForAddress(Uri address, SslClientAuthenticationOptions? tls = null)
    {
        var handler = Handler();

        // A peer that is gone without a word is found by its silence. etcd takes a ping each five seconds.
        handler.KeepAlivePingDelay = TimeSpan.FromSeconds(10);
        handler.KeepAlivePingTimeout = TimeSpan.FromSeconds(5);
        handler.KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests;
        if (tls is not null)
        {
            handler.SslOptions = tls;
        }

        return new GrpcChannel(new HttpClient(handler) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan });
    }

    /// <summary>A channel over connections that the caller makes.</summary>
    /// <param name="address">http; names the server to itself only.</param>
    /// <param name="connect">Makes a connection.</param>
    public static GrpcChannel Over(Uri address, Func<CancellationToken, ValueTask<Stream>> connect)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = (_, cancellation) => connect(cancellation),
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
        };
        return new GrpcChannel(new HttpClient(handler) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan });
    }

    /// <summary>
    /// A channel to a unix socket; nothing is connected before the first call. It does not ask whether the peer is still there: the kernel says when it is
    /// not, and a server of grpc-go's takes pings more often than every five minutes for abuse and closes the connection (ENHANCE_YOUR_CALM).
    /// </summary>
    public static GrpcChannel ForUnixSocket(string path)
    {
        var handler = Handler();
        handler.ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        };
        return new GrpcChannel(new HttpClient(handler) { BaseAddress = new Uri("http://localhost"), Timeout = Timeout.InfiniteTimeSpan });
    }

    /// <summary>A call of one request and one answer.</summary>
    /// <exception cref="RpcException">It failed, or took longer than the deadline.</exception>
    public async Task<TResponse> UnaryAsync<TRequest, TResponse>(
        Method<TRequest, TResponse> method, TRequest request, TimeSpan deadline, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(deadline);
        try
        {
            var content = new ByteArrayContent(GrpcFrames.Frame(method.Serialize(request))) { Headers = { ContentType = Grpc } };
            using var message = Message(method.FullName, content);
            message.Headers.Add("grpc-timeout", string.Create(CultureInfo.InvariantCulture, $"{Math.Min(LongestTimeout, (long)deadline.TotalMilliseconds)}m"));
            using var response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
            GrpcStatus.CheckHead(response);
            var body = await response.Content.ReadAsStreamAsync(limit.Token).ConfigureAwait(false);
            await using (body.ConfigureAwait(false))
            {
                var answer = await GrpcFrames.ReadAsync(body, limit.Token).ConfigureAwait(false);
                var more = answer is null ? null : await GrpcFrames.ReadAsync(body, limit.Token).ConfigureAwait(false);
                GrpcStatus.CheckEnd(response);
                return answer is not null && more is null
                    ? method.Deserialize(answer)
                    : throw new RpcException(StatusCode.Internal, $"{method.FullName}: not one answer");
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new RpcException(StatusCode.DeadlineExceeded, $"no answer within {deadline.TotalSeconds:0.#} s");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            throw GrpcStatus.Broken(failure);
        }
    }

    /// <summary>A call of many requests and many answers; it ends when it is disposed.</summary>
    /// <param name="method">The method.</param>
    /// <param name="first">The first request: many servers say nothing before they have one.</param>
    /// <param name="headers">Metadata of the call.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <exception cref="RpcException">It could not be begun.</exception>
    public async Task<DuplexCall<TRequest, TResponse>> DuplexAsync<TRequest, TResponse>(
        Method<TRequest, TResponse> method, TRequest first, IReadOnlyDictionary<string, string> headers, CancellationToken cancellation)
    {
        var content = new RequestStream { Headers = { ContentType = Grpc } };
        var message = Message(method.FullName, content);
        foreach (var (name, value) in headers)
        {
            message.Headers.Add(name, value);
        }

        try
        {
            var sending = _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation);
            var writing = content.WriteAsync(GrpcFrames.Frame(method.Serialize(first)), cancellation);
            await Task.WhenAny(sending, writing).ConfigureAwait(false);
            var response = await sending.ConfigureAwait(false);
            GrpcStatus.CheckHead(response);
            var body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
            return new DuplexCall<TRequest, TResponse>(method, content, response, body);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            content.Complete();
            throw GrpcStatus.Broken(failure);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static SocketsHttpHandler Handler() => new()
    {
        ConnectTimeout = ConnectTimeout,
        EnableMultipleHttp2Connections = true,
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ActivityHeadersPropagator = null,
    };

    private static HttpRequestMessage Message(string path, HttpContent content) => new(HttpMethod.Post, path)
    {
        Content = content,
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Headers = { { "te", "trailers" } },
    };
}
