using System.Net;
using System.Security.Cryptography.X509Certificates;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace Dataplane.ControlPlane.Machinery.Proxying;

/// <summary>The proxy subresources: any method, any body, upgrades included, streamed both ways.</summary>
internal sealed class ProxyForwarder : IDisposable
{
    private static readonly ForwarderRequestConfig Config = new()
    {
        Version = HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,

        // A connection may be silent for long: the kubelet's own idle limit for streams is the same.
        ActivityTimeout = TimeSpan.FromHours(4),
    };

    private readonly ProxyResolver _resolver;
    private readonly ServiceProvider _services;
    private readonly IHttpForwarder _forwarder;
    private readonly HttpMessageInvoker _pods;
    private readonly HttpMessageInvoker _kubelets;

    /// <param name="resolver">Finds addresses.</param>
    /// <param name="certificate">What kubelets are shown.</param>
    /// <param name="dialPods">Reaches pods and node ports; null is the process's own network.</param>
    /// <param name="dialKubelets">Reaches kubelets.</param>
    public ProxyForwarder(ProxyResolver resolver, X509Certificate2 certificate, Dialer? dialPods, Dialer? dialKubelets)
    {
        _resolver = resolver;
        _services = new ServiceCollection().AddLogging().AddHttpForwarder().BuildServiceProvider();
        _forwarder = _services.GetRequiredService<IHttpForwarder>();
        _pods = new HttpMessageInvoker(ClusterTransport.Create(dialPods, certificate: null));
        _kubelets = new HttpMessageInvoker(ClusterTransport.Create(dialKubelets, certificate));
    }

    public async Task HandleAsync(HttpContext http, ProxyRequest request)
    {
        if (request.Path.Length == 0 && (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method)))
        {
            // Relative links of the application's first page are wrong without the slash.
            http.Response.StatusCode = StatusCodes.Status301MovedPermanently;
            http.Response.Headers.Location = request.Prefix + "/" + http.Request.QueryString;
            return;
        }

        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }

        var destination = _resolver.Resolve(request);
        var invoker = destination.IsKubelet ? _kubelets : _pods;
        var error = await _forwarder.SendAsync(
            http, $"{destination.Scheme}://{destination.EndPoint}", invoker, Config, new ProxyTransformer(request), http.RequestAborted);
        if (error != ForwarderError.None && !http.Response.HasStarted && !http.RequestAborted.IsCancellationRequested)
        {
            throw StatusException.Unavailable($"error trying to reach service: {ClusterTransport.Describe(http.GetForwarderErrorFeature()?.Exception, destination.EndPoint)}");
        }
    }

    public void Dispose()
    {
        _pods.Dispose();
        _kubelets.Dispose();
        _services.Dispose();
    }
}
