using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Metrics;
using Dataplane.ControlPlane.Security;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>How many requests are served at a time; watches and streams do not count, and administrators are always served.</summary>
/// <param name="metrics">Counts them.</param>
/// <param name="reading">Most that read; 0 for any number.</param>
/// <param name="mutating">Most that write; 0 for any number.</param>
internal sealed class RequestLimits(RequestMetrics metrics, int reading, int mutating)
{
    /// <exception cref="StatusException">429: try again.</exception>
    public void Check(HttpContext http, RequestMetrics.Measurement measured, UserInfo user)
    {
        var isFull = measured.IsMutating is { } mutates && (mutates
            ? mutating > 0 && metrics.Mutating > mutating
            : reading > 0 && metrics.Reading > reading);
        if (isFull && !user.Groups.Contains("system:masters"))
        {
            http.Response.Headers.RetryAfter = "1";
            throw new StatusException(429, "TooManyRequests", "Too many requests, please try again later.");
        }
    }
}
