using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using Dataplane.Dns.Configuration;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Dns.Forward;

/// <summary>
/// Connections to one upstream, plain or TLS, kept for the next question as long as they were used lately. A kept one that turns out
/// to be closed costs a second try on a new one, and is no failure of the upstream.
/// </summary>
internal sealed class StreamPool(UpstreamPlan plan, ForwardPlan forward, NetworkNamespace? networkNamespace, TimeProvider time) : IDisposable
{
    private const int MaxIdle = 32;

    private readonly ConcurrentStack<(Stream Stream, DateTimeOffset Since)> _idle = new();
    private volatile bool _disposed;

    internal async Task<byte[]> AskAsync(ReadOnlyMemory<byte> query, CancellationToken cancellation)
    {
        if (TryTake(out var kept))
        {
            try
            {
                return await AskAsync(kept, query, cancellation);
            }
            catch (Exception failure) when (failure is IOException or SocketException && !cancellation.IsCancellationRequested)
            {
                // It was closed since: see above.
            }
        }

        return await AskAsync(await OpenAsync(cancellation), query, cancellation);
    }

    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryPop(out var idle))
        {
            idle.Stream.Dispose();
        }
    }

    private async Task<byte[]> AskAsync(Stream stream, ReadOnlyMemory<byte> query, CancellationToken cancellation)
    {
        var whole = false;
        try
        {
            var answer = await UpstreamExchange.AskStreamAsync(stream, query, plan.Address, cancellation);
            whole = true;
            return answer;
        }
        finally
        {
            if (whole && !_disposed && _idle.Count < MaxIdle)
            {
                _idle.Push((stream, time.GetUtcNow()));
            }
            else
            {
                await stream.DisposeAsync();
            }
        }
    }

    /// <summary>The youngest first: the others grow old together and go.</summary>
    private bool TryTake(out Stream stream)
    {
        while (_idle.TryPop(out var idle))
        {
            if (time.GetUtcNow() - idle.Since < forward.Expire)
            {
                stream = idle.Stream;
                return true;
            }

            idle.Stream.Dispose();
        }

        stream = Stream.Null;
        return false;
    }

    private async Task<Stream> OpenAsync(CancellationToken cancellation)
    {
        var plain = await UpstreamExchange.ConnectAsync(plan.Address, networkNamespace, cancellation);
        if (!plan.Tls)
        {
            return plain;
        }

        var tls = new SslStream(plain, leaveInnerStreamOpen: false);
        try
        {
            // Without a name to expect there is nothing to hold the certificate against but the address.
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = forward.TlsServerName ?? plan.Address.Address.ToString() }, cancellation);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }
}
