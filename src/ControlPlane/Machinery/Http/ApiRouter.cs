using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Discovery;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Metrics;
using Dataplane.ControlPlane.Machinery.Proxying;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>The server's front door: who asks, for what, and what a failure looks like.</summary>
internal sealed class ApiRouter(
    ResourceCatalog catalog,
    Authenticator authenticator,
    RequestLimits limits,
    ResourceHandler resources,
    SubresourceHandler subresources,
    ProxyForwarder proxy,
    DiscoveryHandler discovery,
    RequestMetrics metrics,
    ILogger logger,
    CancellationToken stopping)
{
    public async Task HandleAsync(HttpContext http)
    {
        using var measured = metrics.Begin(http);
        try
        {
            await RouteAsync(http, measured);
        }
        catch (StatusException failure)
        {
            await FailAsync(http, failure);
        }
        catch (Exception failure) when (failure is ClientGoneException
            || (failure is OperationCanceledException or IOException && http.RequestAborted.IsCancellationRequested))
        {
            // The client has gone; there is nobody to answer. Unless it is told, the server tries to read the rest, and complains of its own reader.
            http.Abort();
        }
        catch (BadHttpRequestException failure)
        {
            await FailAsync(http, failure.StatusCode == 413 ? StatusException.TooLarge() : StatusException.BadRequest(failure.Message));
        }
        catch (Exception failure)
        {
            Log.RequestFailed(logger, failure, http.Request.Method, http.Request.Path);
            await FailAsync(http, StatusException.Internal(failure.Message));
        }
    }

    private static async Task FailAsync(HttpContext http, StatusException failure)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }

        try
        {
            await ResponseWriter.WriteFailureAsync(http, failure);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // What failed may be that the client has gone.
        }
    }

    private Task RouteAsync(HttpContext http, RequestMetrics.Measurement measured)
    {
        var path = http.Request.Path.Value ?? "/";
        if (DiscoveryHandler.IsPublic(path))
        {
            return discovery.HandleAsync(http, []);
        }

        if (authenticator.Authenticate(http) is not { } user)
        {
            throw StatusException.Unauthorized();
        }

        http.Items[typeof(UserInfo)] = Impersonation.Apply(http, user);
        if (ProxyRequest.Read(http) is { } proxied)
        {
            return proxy.HandleAsync(http, proxied);
        }

        var segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var request = segments switch
        {
            ["api", var version, _, ..] => ApiRequest.Read(http, catalog, "", version, segments.AsSpan(2)),
            ["apis", var group, var version, _, ..] => ApiRequest.Read(http, catalog, group, version, segments.AsSpan(3)),
            _ => null,
        };
        if (request is null)
        {
            return discovery.HandleAsync(http, segments);
        }

        measured.Found(request);
        limits.Check(http, measured, user);
        if (request.Descriptor.DeprecationWarning is { } warning)
        {
            WarningHeaders.Add(http, warning);
        }

        return subresources.Handles(request) ? subresources.HandleAsync(request) : resources.HandleAsync(request, stopping);
    }
}
