using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
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

    /// <summary>
    /// Changes do not wait longer than a failing retry explains. A proxy that has not heard of all Services yet is healthy, as kube-proxy is: what an earlier
    /// run left serves meanwhile, and an API server that does not answer must not turn load balancers away from every node.
    /// </summary>
    internal bool IsHealthy(SyncSnapshot snapshot) => snapshot.WaitingSince is not { } since || time.GetUtcNow() - since < syncPeriod * 2
        || snapshot is { LastUpdated: null, Failures: 0 };

    private async Task AnswerAsync(HttpContext context)
    {
        var snapshot = state.Snapshot;
        var alive = context.Request.Path.Value == "/livez";
        if (!alive && context.Request.Path.Value != "/healthz")
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var works = IsHealthy(snapshot);
        var healthy = works && (alive || snapshot.NodeEligible);
        context.Response.StatusCode = healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "application/json";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        state.Metrics.Answered(alive, context.Response.StatusCode);
        await context.Response.WriteAsync(Body(snapshot, works, healthy, alive).ToJsonString(), context.RequestAborted);
    }

    private JsonObject Body(SyncSnapshot snapshot, bool works, bool healthy, bool alive)
    {
        var now = Format(time.GetUtcNow());
        // Old clients take the age of lastUpdated for the proxy's health.
        var body = new JsonObject { ["lastUpdated"] = healthy ? now : Format(snapshot.LastUpdated), ["currentTime"] = now };
        if (!alive)
        {
            body["nodeEligible"] = snapshot.NodeEligible;
        }

        body["healthy"] = works;
        if (snapshot.LastUpdated is { } updated)
        {
            body["status"] = new JsonObject(IPFamilies.Here.Select(family =>
                KeyValuePair.Create<string, JsonNode?>(family, new JsonObject { ["lastUpdated"] = Format(updated), ["healthy"] = works })));
        }

        if (snapshot.Failure is { } failure)
        {
            body["failure"] = failure;
        }

        return body;
    }

    // As Go writes a time into JSON.
    private static string Format(DateTimeOffset? moment) =>
        (moment ?? DateTimeOffset.MinValue).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
}
