using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Dataplane.Dns.Configuration;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Dns.Forward;

/// <summary>
/// Connections to one upstream, plain or TLS, kept for the next question as long as they were used lately. A kept one that turns out
/// to be closed costs a second try on a new one, and is no failure of the upstream.
/// </summary>
internal sealed class StreamPool(UpstreamPlan plan, ForwardPlan forward, NetworkNamespace? networkNamespace, TimeProvider time) : IDisposable
{
    private readonly ConcurrentStack<Connection> _idle = new();
    private volatile bool _disposed;
    private long _hits;
    private long _misses;

    /// <summary>Questions that went by a kept connection.</summary>
    internal long Hits => Interlocked.Read(ref _hits);

    /// <summary>Questions that needed a new one.</summary>
    internal long Misses => Interlocked.Read(ref _misses);

    internal async Task<byte[]> AskAsync(ReadOnlyMemory<byte> query, CancellationToken cancellation)
    {
        if (TryTake(out var kept))
        {
            try
            {
                Interlocked.Increment(ref _hits);
                return await AskAsync(kept, query, cancellation);
            }
            catch (Exception failure) when (failure is IOException or SocketException && !cancellation.IsCancellationRequested)
            {
                // It was closed since: see above.
            }
        }

        Interlocked.Increment(ref _misses);
        var opened = time.GetUtcNow();
        return await AskAsync(new Connection(await OpenAsync(cancellation), opened, opened), query, cancellation);
    }

    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryPop(out var idle))
        {
            idle.Stream.Dispose();
        }
    }

    private async Task<byte[]> AskAsync(Connection connection, ReadOnlyMemory<byte> query, CancellationToken cancellation)
    {
        var whole = false;
        try
        {
            var answer = await UpstreamExchange.AskStreamAsync(connection.Stream, query, plan.Address, cancellation);
            whole = true;
            return answer;
        }
        finally
        {
            if (whole && !_disposed && _idle.Count < forward.MaxIdle)
            {
                _idle.Push(connection with { Used = time.GetUtcNow() });
            }
            else
            {
                await connection.Stream.DisposeAsync();
            }
        }
    }

    /// <summary>The youngest first: the others grow old together and go.</summary>
    private bool TryTake(out Connection connection)
    {
        while (_idle.TryPop(out connection))
        {
            var now = time.GetUtcNow();
            if (now - connection.Used < forward.Expire && (forward.MaxAge == TimeSpan.Zero || now - connection.Opened < forward.MaxAge))
            {
                return true;
            }

            connection.Stream.Dispose();
        }

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
            await tls.AuthenticateAsClientAsync(TlsOptions(), cancellation);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    private SslClientAuthenticationOptions TlsOptions()
    {
        // Without a name to expect there is nothing to hold the certificate against but the address.
        var options = new SslClientAuthenticationOptions { TargetHost = plan.ServerName ?? forward.TlsServerName ?? plan.Address.Address.ToString() };
        if (forward.Authorities is { } authorities)
        {
            options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        if (forward.ClientCertificate is { } certificate)
        {
            options.ClientCertificates = [certificate];
        }

        return options;
    }

    private readonly record struct Connection(Stream Stream, DateTimeOffset Opened, DateTimeOffset Used);
}
