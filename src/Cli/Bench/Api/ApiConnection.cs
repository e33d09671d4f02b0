using System.Buffers.Text;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Dataplane.Api.Client;

namespace Dataplane.Cli.Bench.Api;

/// <summary>
/// A kept-alive HTTPS connection that sends bytes made beforehand and reads of an answer no more than it must: what is measured
/// shall be the server, not a client library.
/// </summary>
internal sealed class ApiConnection : IAsyncDisposable
{
    private readonly SslStream _tls;
    private readonly string _head;
    private byte[] _buffer = new byte[64 * 1024];

    private ApiConnection(SslStream tls, KubeConfig config)
    {
        _tls = tls;
        _head = $"Host: {config.Server.Authority}\r\nAuthorization: Bearer {config.Token}\r\nUser-Agent: kubelet/v1.32\r\nAccept: application/json\r\n";
    }

    /// <summary>Body of the last answer; the next request overwrites it.</summary>
    internal ReadOnlyMemory<byte> Body { get; private set; }

    internal static async Task<ApiConnection> OpenAsync(KubeConfig config, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(config.Server.Host, config.Server.Port, cancellation);
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false);

        // The server is this program's own child; who it is was settled when it was started.
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = config.Server.Host, RemoteCertificateValidationCallback = (_, _, _, _) => true }, cancellation);
        return new ApiConnection(tls, config);
    }

    /// <summary>The bytes of a request.</summary>
    internal byte[] Request(string method, string path, string contentType, string body) => Encoding.UTF8.GetBytes(
        $"{method} {path} HTTP/1.1\r\n{_head}Content-Type: {contentType}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    /// <returns>The status code.</returns>
    /// <exception cref="IOException">The connection broke, or the answer is not HTTP with a length.</exception>
    internal async ValueTask<int> SendAsync(ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        await _tls.WriteAsync(request, cancellation);
        var received = 0;
        int end;
        while ((end = _buffer.AsSpan(0, received).IndexOf("\r\n\r\n"u8)) < 0)
        {
            received += await ReadAsync(received, cancellation);
        }

        var length = Length(_buffer.AsSpan(0, end));
        while (received < end + 4 + length)
        {
            received += await ReadAsync(received, cancellation);
        }

        Body = _buffer.AsMemory(end + 4, length);
        return Utf8Parser.TryParse(_buffer.AsSpan(9, 3), out int status, out _) ? status : throw new IOException("an answer that is not HTTP");
    }

    /// <summary>Sends a request that must succeed.</summary>
    /// <exception cref="UserErrorException">It did not; the message has the answer.</exception>
    internal async ValueTask MustAsync(ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        if (await SendAsync(request, cancellation) is var status and (< 200 or >= 300))
        {
            throw new UserErrorException($"the server answered {status}: {Encoding.UTF8.GetString(Body.Span)}");
        }
    }

    public ValueTask DisposeAsync() => _tls.DisposeAsync();

    private async ValueTask<int> ReadAsync(int at, CancellationToken cancellation)
    {
        if (at == _buffer.Length)
        {
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        }

        var count = await _tls.ReadAsync(_buffer.AsMemory(at), cancellation);
        return count > 0 ? count : throw new IOException("the server closed the connection");
    }

    private static int Length(ReadOnlySpan<byte> head)
    {
        var at = head.IndexOf("Content-Length: "u8);
        return at >= 0 && Utf8Parser.TryParse(head[(at + 16)..], out int length, out _) ? length : throw new IOException("an answer without Content-Length");
    }
}
