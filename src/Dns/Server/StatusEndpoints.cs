using System.Net;
using Dataplane.Dns.Configuration;
using Dataplane.Hosting;
using Dataplane.Linux.Namespaces;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dataplane.Dns.Server;

/// <summary>/health, /ready and /metrics, on one port or three. A reload does not move them.</summary>
internal sealed class StatusEndpoints : IAsyncDisposable
{
    private readonly List<HttpEndpoint> _endpoints = [];
    private readonly DnsPlan _plan;
    private readonly DnsMetrics _metrics;
    private readonly Func<bool> _synced;

    private StatusEndpoints(DnsPlan plan, DnsMetrics metrics, Func<bool> synced) => (_plan, _metrics, _synced) = (plan, metrics, synced);

    /// <summary>The server is about to stop: nobody new should be sent here.</summary>
    internal bool IsLeaving { get; set; }

    /// <exception cref="IOException">An address is in use or not there; the message names it.</exception>
    internal static async Task<StatusEndpoints> StartAsync(
        DnsPlan plan, NetworkNamespace? networkNamespace, DnsMetrics metrics, Func<bool> synced, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var status = new StatusEndpoints(plan, metrics, synced);
        try
        {
            foreach (var address in new[] { plan.Health, plan.Ready, plan.Metrics }.OfType<IPEndPoint>().Distinct())
            {
                var options = new HttpEndpointOptions { Address = address, Namespace = networkNamespace };
                status._endpoints.Add(await HttpEndpoint.StartAsync(options, context => status.HandleAsync(context, address), loggers, cancellation));
            }

            return status;
        }
        catch
        {
            await status.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var endpoint in _endpoints)
        {
            await endpoint.DisposeAsync();
        }
    }

    private Task HandleAsync(HttpContext context, IPEndPoint address)
    {
        switch (context.Request.Path.Value)
        {
            case "/health" when address.Equals(_plan.Health):
                context.Response.StatusCode = IsLeaving ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
                return context.Response.WriteAsync(IsLeaving ? "Shutting down" : "OK", context.RequestAborted);
            case "/ready" when address.Equals(_plan.Ready):
                var ready = _synced() && !IsLeaving;
                context.Response.StatusCode = ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
                return context.Response.WriteAsync(ready ? "OK" : "kubernetes", context.RequestAborted);
            case "/metrics" when address.Equals(_plan.Metrics):
                context.Response.ContentType = MetricsText.ContentType;
                return context.Response.WriteAsync(_metrics.Render(), context.RequestAborted);
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
        }
    }
}
