using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace Dataplane.ControlPlane.Machinery.Proxying;

/// <summary>What changes in a request on its way: the path loses the API server's part, the client's credentials stay here.</summary>
internal sealed class ProxyTransformer(ProxyRequest request) : HttpTransformer
{
    // Otherwise Uri would unescape and collapse the path, and the application would get another one than the client asked for.
    private static readonly UriCreationOptions Verbatim = new() { DangerousDisablePathAndQueryCanonicalization = true };

    public override async ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        var incoming = httpContext.Request;
        proxyRequest.RequestUri = new Uri(destinationPrefix + (request.Path.Length == 0 ? "/" : request.Path) + incoming.QueryString, Verbatim);
        proxyRequest.Headers.Remove("Authorization");
        proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-Uri", request.Prefix + request.Path);
        proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-Host", incoming.Host.Value);
        proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-Proto", incoming.Scheme);
    }

    public override async ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        var copied = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        if (proxyResponse?.Headers.Location is { } location)
        {
            httpContext.Response.Headers.Location = Redirect(location, proxyResponse.RequestMessage?.RequestUri, httpContext.Request.Host);
        }

        return copied;
    }

    // A redirect within the application leads back through the proxy; one to elsewhere is left alone.
    private string Redirect(Uri location, Uri? asked, HostString host)
    {
        if (!location.IsAbsoluteUri)
        {
            return location.OriginalString.StartsWith('/') ? request.Prefix + location.OriginalString : location.OriginalString;
        }

        var within = location.Authority == asked?.Authority || location.Authority == host.Value;
        return within ? request.Prefix + location.PathAndQuery + location.Fragment : location.OriginalString;
    }
}
