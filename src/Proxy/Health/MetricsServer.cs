using System.Net;
using Dataplane.Hosting;
using Dataplane.Linux.Namespaces;
using Dataplane.Proxy.Configuration;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Health;

/// <summary>The port monitoring asks: /metrics, /proxyMode, /configz and /healthz.</summary>
internal sealed class MetricsServer(MetricsText metrics, string mode, ProxyConfiguration configuration)
{
    internal Task<HttpEndpoint> StartAsync(IPEndPoint address, NetworkNamespace? networkNamespace, ILoggerFactory loggers, CancellationToken cancellation) =>
        HttpEndpoint.StartAsync(new HttpEndpointOptions { Address = address, Namespace = networkNamespace }, AnswerAsync, loggers, cancellation);

    private Task AnswerAsync(HttpContext context)
    {
        var (type, text) = context.Request.Path.Value switch
        {
            "/metrics" => (MetricsText.ContentType, metrics.Render()),
            "/proxyMode" => ("text/plain; charset=utf-8", mode),
            "/configz" => ("application/json", ConfigurationJson.Write(configuration)),
            "/healthz" => ("text/plain; charset=utf-8", "ok"),
            _ => (null, ""),
        };
        if (type is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        context.Response.ContentType = type;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}
