using System.Net.Http.Headers;

namespace Dataplane.ControlPlane.Tests.Controllers;

/// <summary>The way to a test's server, for those who want to see or hold what goes over it.</summary>
internal abstract class TestTransport(string token) : DelegatingHandler(
    new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } })
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return base.SendAsync(request, cancellationToken);
    }
}
