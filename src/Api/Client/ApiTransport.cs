using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace Dataplane.Api.Client;

/// <summary>HTTP below <see cref="KubernetesClient"/>: TLS, credentials, and errors turned into <see cref="ApiException"/>.</summary>
internal static class ApiTransport
{
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(60);

    public static HttpClient CreateHttpClient(KubeConfig config)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(10),
            EnableMultipleHttp2Connections = true,
            // A watch may be silent for minutes: pings find out that its connection is dead.
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            UseCookies = false,
            AllowAutoRedirect = false,
            SslOptions = Tls(config),
        };
        HttpMessageHandler outer = config.TokenFile is null && config.Token is null ? handler : new BearerTokenHandler(config, handler);
        outer = config.TlsServerName is { } name ? new ServerNameHandler(name, outer) : outer;
        return CreateHttpClient(config.Server, outer);
    }

    public static HttpClient CreateHttpClient(Uri server, HttpMessageHandler handler)
    {
        var http = new HttpClient(handler)
        {
            BaseAddress = server,
            Timeout = RequestTimeout,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        http.DefaultRequestHeaders.UserAgent.ParseAdd("dataplane/0.1");
        return http;
    }

    /// <summary>
    /// Sends a request. <see cref="HttpClient"/> reports its own time limit as a cancellation, which loops that run until cancelled
    /// would take for their end; here it is a failure like any other of the network.
    /// </summary>
    /// <exception cref="HttpRequestException">The server cannot be reached, or gave no answer within the time limit.</exception>
    public static async Task<HttpResponseMessage> SendAsync(
        HttpClient http, HttpRequestMessage request, HttpCompletionOption completion, CancellationToken cancellationToken)
    {
        try
        {
            return await http.SendAsync(request, completion, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException expired) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"{request.Method} {request.RequestUri}: no answer within {http.Timeout.TotalSeconds} s", expired);
        }
    }

    /// <summary>Throws what the server said unless it agreed.</summary>
    public static async ValueTask EnsureSuccessAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        throw new ApiException(ReadStatus(response, body), response.StatusCode);
    }

    private static Status ReadStatus(HttpResponseMessage response, byte[] body)
    {
        try
        {
            if (ApiJson.Deserialize<Status>(body) is { Kind: "Status", Message: not null } status)
            {
                return status;
            }
        }
        catch (JsonException)
        {
            // A proxy's page, not the API server's answer: told below by its HTTP status.
        }

        const int excerpt = 200;
        var text = Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, excerpt))).ReplaceLineEndings(" ").Trim();
        var request = response.RequestMessage;
        return new Status
        {
            Outcome = "Failure",
            Code = (int)response.StatusCode,
            Message = $"{request?.Method} {request?.RequestUri}: {(int)response.StatusCode} {response.ReasonPhrase} {text}".TrimEnd(),
        };
    }

    private static SslClientAuthenticationOptions Tls(KubeConfig config)
    {
        var options = new SslClientAuthenticationOptions();
        if (config.ClientCertificate is { } certificate)
        {
            options.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
        }

        if (config.SkipTlsVerify)
        {
            options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        }
        else if (config.CertificateAuthorities is { } authorities)
        {
            options.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        return options;
    }

    /// <summary>
    /// Asks for a name that is not the address's. SocketsHttpHandler takes the name of the TLS handshake from the Host header, whatever
    /// <see cref="SslClientAuthenticationOptions.TargetHost"/> says.
    /// </summary>
    private sealed class ServerNameHandler(string name, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Host = name;
            return base.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>Adds the bearer token; a token file is read again when it was replaced.</summary>
    private sealed class BearerTokenHandler(KubeConfig config, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        private readonly Lock _gate = new();
        private string? _token = config.Token;
        private DateTime _readAt;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token());
            return base.SendAsync(request, cancellationToken);
        }

        private string? Token()
        {
            if (config.TokenFile is not { } file)
            {
                return _token;
            }

            lock (_gate)
            {
                var written = File.GetLastWriteTimeUtc(file);
                if (written != _readAt)
                {
                    _token = File.ReadAllText(file).Trim();
                    _readAt = written;
                }

                return _token;
            }
        }
    }
}
