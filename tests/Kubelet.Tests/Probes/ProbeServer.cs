using System.Net;
using Dataplane.Kubelet.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.Tests.Probes;

/// <summary>What is probed: an HTTP server, one with a certificate nobody knows, and a gRPC server with the health service, all on the loopback.</summary>
public sealed class ProbeServer : IAsyncLifetime
{
    private WebApplication? _application;

    internal int Http { get; private set; }

    internal int Https { get; private set; }

    internal int Grpc { get; private set; }

    /// <summary>The headers of the last request for /headers, in their order.</summary>
    internal IReadOnlyList<string> Headers { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var certificate = ServingCertificate.Create("probed", IPAddress.Loopback, TimeProvider.System.GetUtcNow());
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate));
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        _application = builder.Build();
        _application.Run(AnswerAsync);
        await _application.StartAsync();
        var ports = _application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(address => new Uri(address).Port).ToArray();
        (Http, Https, Grpc) = (ports[0], ports[1], ports[2]);
    }

    public async ValueTask DisposeAsync()
    {
        if (_application is not null)
        {
            await _application.DisposeAsync();
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        switch (request.Path.Value)
        {
            case "/grpc.health.v1.Health/Check":
                await AnswerHealthAsync(context);
                break;
            case "/headers":
                Headers = [.. request.Headers.SelectMany(header => header.Value.Select(value => $"{header.Key}: {value}"))];
                break;
            case "/again":
                response.Redirect("/fine?after=redirect");
                break;
            case "/for-ever":
                response.Redirect("/for-ever");
                break;
            case "/away":
                response.Redirect("http://elsewhere.invalid/");
                await response.WriteAsync("over there");
                break;
            case "/hangs":
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
                break;
            case "/breaks":
                context.Abort();
                break;
            case "/fine":
                break;
            default:
                response.StatusCode = 404;
                break;
        }
    }

    /// <summary>The service name says how it is.</summary>
    private static async Task AnswerHealthAsync(HttpContext context)
    {
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var service = body.Length > 7 ? System.Text.Encoding.UTF8.GetString(body.ToArray().AsSpan(7)) : "";
        context.Response.ContentType = "application/grpc";
        if (service is "hangs")
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
            return;
        }

        var status = service switch { "" or "well" => 0, "lacks" => 12, "wrong" => 13, _ => 0 };
        if (status == 0)
        {
            byte[] answer = service == "ill" ? [0, 0, 0, 0, 2, 8, 2] : [0, 0, 0, 0, 2, 8, 1];
            await context.Response.Body.WriteAsync(answer);
        }

        context.Response.AppendTrailer("grpc-status", status.ToString(System.Globalization.CultureInfo.InvariantCulture));
        context.Response.AppendTrailer("grpc-message", "so it is");
    }
}
