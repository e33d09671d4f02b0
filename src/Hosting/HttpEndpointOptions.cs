using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Hosting;

/// <summary>Where and how a component's HTTP port listens.</summary>
public sealed record HttpEndpointOptions
{
    /// <summary>Address and port; port 0 takes a free one.</summary>
    public required IPEndPoint Address { get; init; }

    /// <summary>The network namespace the listening socket is made in; null is the process's own.</summary>
    public NetworkNamespace? Namespace { get; init; }

    /// <summary>Serves HTTPS with this certificate and its private key; null serves plain HTTP/1.1.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>
    /// By the name a client asks for (null when it names none), the certificate it is shown; null for <see cref="Certificate"/>, which
    /// must be there.
    /// </summary>
    public Func<string?, SslStreamCertificateContext?>? SelectCertificate { get; init; }

    /// <summary>
    /// When set, clients are asked for a certificate and this decides whether it is accepted. A client without one still
    /// connects (its request carries no certificate): the handler decides what it may do.
    /// </summary>
    public Func<X509Certificate2, bool>? AcceptClientCertificate { get; init; }

    /// <summary>Bytes of a request's first line, and of all its headers; null leaves it to the server (8 and 32 KiB).</summary>
    public int? MaxRequestHeadBytes { get; init; }
}
