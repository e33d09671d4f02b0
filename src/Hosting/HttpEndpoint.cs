using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dataplane.Hosting;

/// <summary>
/// One small HTTP port of a component (healthz, metrics, the kubelet's API), its socket in the component's network namespace.
/// </summary>
public sealed class HttpEndpoint : IAsyncDisposable
{
    private readonly WebApplication _application;

    private HttpEndpoint(WebApplication application, IPEndPoint localEndPoint)
    {
        _application = application;
        LocalEndPoint = localEndPoint;
    }

    /// <summary>The bound address, with the real port where 0 was asked for.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Binds and serves every request with one handler.</summary>
    /// <exception cref="IOException">The address is in use or not there; the message names it.</exception>
    public static async Task<HttpEndpoint> StartAsync(
        HttpEndpointOptions options, RequestDelegate handler, ILoggerFactory? loggers = null, CancellationToken cancellation = default)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        if (loggers is not null)
        {
            builder.Services.AddSingleton<ILoggerFactory>(new QuietLoggerFactory(loggers));
        }

        // The default lifetime would take SIGTERM and Ctrl-C away from the program.
        builder.Services.AddSingleton<IHostLifetime, ComponentLifetime>();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            if (options.MaxRequestHeadBytes is { } head)
            {
                kestrel.Limits.MaxRequestLineSize = head;
                kestrel.Limits.MaxRequestHeadersTotalSize = head;
                kestrel.Limits.MaxRequestBufferSize = 2 * head;
                kestrel.Limits.Http2.MaxRequestHeaderFieldSize = head;
            }

            kestrel.Listen(options.Address, listen => UseHttps(listen, options));
        });
        builder.Services.Configure<SocketTransportOptions>(transport =>
        {
            if (options.Namespace is { } networkNamespace)
            {
                transport.CreateBoundListenSocket = address =>
                    networkNamespace.Invoke(() => SocketTransportOptions.CreateDefaultBoundListenSocket(address));
            }
        });

        var application = builder.Build();
        application.UseWebSockets();
        application.Run(handler);
        try
        {
            await application.StartAsync(cancellation);
        }
        catch (Exception failure)
        {
            await application.DisposeAsync();
            throw failure as IOException ?? new IOException($"listen on {options.Address}: {failure.Message}", failure);
        }

        return new HttpEndpoint(application, new IPEndPoint(options.Address.Address, BoundPort(application)));
    }

    /// <summary>Stops accepting, gives requests under way a second, and closes the port.</summary>
    public async ValueTask DisposeAsync()
    {
        using var grace = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _application.StopAsync(grace.Token);
        await _application.DisposeAsync();
    }

    private static void UseHttps(ListenOptions listen, HttpEndpointOptions options)
    {
        if (options.Certificate is not { } certificate)
        {
            listen.Protocols = HttpProtocols.Http1;
            return;
        }

        if (options.SelectCertificate is { } select)
        {
            listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = connection => ValueTask.FromResult(Handshake(select(connection.ClientHelloInfo.ServerName), options)) });
            return;
        }

        listen.UseHttps(https =>
        {
            https.ServerCertificate = certificate;
            if (options.AcceptClientCertificate is { } accept)
            {
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.ClientCertificateValidation = (client, _, _) => accept(client);
            }
        });
    }

    private static SslServerAuthenticationOptions Handshake(SslStreamCertificateContext? selected, HttpEndpointOptions options) => new()
    {
        ServerCertificate = selected is null ? options.Certificate : null,
        ServerCertificateContext = selected,
        ClientCertificateRequired = options.AcceptClientCertificate is not null,
        RemoteCertificateValidationCallback = (_, client, _, _) =>
            client is null || options.AcceptClientCertificate?.Invoke(client as X509Certificate2 ?? X509CertificateLoader.LoadCertificate(client.GetRawCertData())) == true,
    };

    private static int BoundPort(WebApplication application)
    {
        var addresses = application.Services.GetRequiredService<Microsoft.AspNetCore.Hosting.Server.IServer>()
            .Features.Get<IServerAddressesFeature>()!.Addresses;
        return BindingAddress.Parse(addresses.First()).Port;
    }

    /// <summary>The component starts and stops its port: no signal does.</summary>
    private sealed class ComponentLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
