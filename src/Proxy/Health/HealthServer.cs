using System.Globalization;
using System.Net;
using System.Text.Json;
using Dataplane.Hosting;
using Dataplane.Linux.Namespaces;
using Dataplane.Proxy.Sync;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Health;

/// <summary>
/// The port cloud load balancers ask: /healthz says whether to send to this node, /livez whether the proxy lives.
/// Source: kubernetes pkg/proxy/healthcheck/proxy_health.go, KEP-3836.
/// </summary>
internal sealed class HealthServer(SyncState state, TimeSpan syncPeriod, TimeProvider time)
{
    internal Task<HttpEndpoint> StartAsync(IPEndPoint address, NetworkNamespace? networkNamespace, ILoggerFactory loggers, CancellationToken cancellation) =>
        HttpEndpoint.StartAsync(new HttpEndpointOptions { Address = address, Namespace = networkNamespace }, AnswerAsync, loggers, cancellation);

    /// <summary>Changes do not wait longer than a failing retry explains.</summary>
    internal bool IsHealthy(SyncSnapshot snapshot) =>
        snapshot.LastUpdated is not null && (snapshot.WaitingSince is not { } since || time.GetUtcNow() - since < syncPeriod * 2);

    private async Task AnswerAsync(HttpContext context)
    {
        var snapshot = state.Snapshot;
        var healthy = IsHealthy(snapshot);
        var body = $"\"lastUpdated\": \"{Format(snapshot.LastUpdated)}\",\"currentTime\": \"{Format(time.GetUtcNow())}\"";
        if (snapshot.Failure is { } failure)
        {
            body += $", \"failure\": {JsonSerializer.Serialize(failure)}";
        }

        switch (context.Request.Path.Value)
        {
            case "/healthz":
                healthy &= snapshot.NodeEligible;
                body += $", \"nodeEligible\": {(snapshot.NodeEligible ? "true" : "false")}";
                break;
            case "/livez":
                break;
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
        }

        context.Response.StatusCode = healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "application/json";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        await context.Response.WriteAsync($"{{{body}}}", context.RequestAborted);
    }

    // As Go prints a time: scripts that read the body expect this form.
    private static string Format(DateTimeOffset? moment) =>
        (moment ?? DateTimeOffset.MinValue).UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.FFFFFFF '+0000 UTC'", CultureInfo.InvariantCulture);
}
