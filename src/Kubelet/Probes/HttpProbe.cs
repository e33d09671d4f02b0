using System.Net;
using System.Net.Sockets;
using System.Text;
using Dataplane.Api;

namespace Dataplane.Kubelet.Probes;

/// <summary>httpGet of probes and hooks. Source of headers, redirects and words: pkg/probe/http of upstream.</summary>
internal sealed class HttpProbe : IDisposable
{
    private const int MostBody = 10 * 1024;
    private const int MostRedirects = 10;

    private readonly HttpClient _http;

    internal HttpProbe(NodeDialer dialer) => _http = new HttpClient(new SocketsHttpHandler
    {
        ConnectCallback = async (context, cancellation) =>
            new NetworkStream(await dialer.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellation), ownsSocket: true),
        PooledConnectionLifetime = TimeSpan.Zero,
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
        SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>One request, and those it is sent on to on the same host.</summary>
    internal async Task<ProbeOutcome> GetAsync(HTTPGetAction get, int port, string podIP, CancellationToken cancellation)
    {
        var host = string.IsNullOrEmpty(get.Host) ? podIP : get.Host;
        var path = get.Path ?? "/";

        // As it is written: a path with a dot or an escape in it is the server's to understand.
        var url = new Uri(
            $"{(get.Scheme ?? "HTTP").ToLowerInvariant()}://{NodeDialer.Join(host, port)}{(path.StartsWith('/') ? path : "/" + path)}",
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        try
        {
            return await FollowAsync(url, get.HTTPHeaders, cancellation);
        }
        catch (OperationCanceledException)
        {
            return ProbeOutcome.Failure($"Get \"{url}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            return ProbeOutcome.Failure($"Get \"{url}\": {Words(failure)}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<ProbeOutcome> FollowAsync(Uri first, List<HTTPHeader> headers, CancellationToken cancellation)
    {
        var url = first;
        for (var redirects = 0; ; redirects++)
        {
            using var request = Request(url, headers);
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            var status = (int)response.StatusCode;
            if (status is < 200 or >= 400)
            {
                return ProbeOutcome.Failure($"HTTP probe failed with statuscode: {status}");
            }

            var next = response.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
                or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect && response.Headers.Location is { } location
                ? new Uri(url, location)
                : null;
            if (next is not null && next.Host == first.Host)
            {
                if (redirects + 1 >= MostRedirects)
                {
                    return ProbeOutcome.Failure($"Get \"{next}\": stopped after {MostRedirects} redirects");
                }

                url = next;
                continue;
            }

            return status < 300
                ? ProbeOutcome.Success
                : new ProbeOutcome(ProbeResult.Warning, $"Probe terminated redirects, Response body: {await BodyAsync(response, cancellation)}");
        }
    }

    private static HttpRequestMessage Request(Uri url, List<HTTPHeader> headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { ConnectionClose = true } };
        foreach (var header in headers)
        {
            request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }

        Default("User-Agent", $"kube-probe/{KubernetesVersion.Major}.{KubernetesVersion.Minor}");
        Default("Accept", "*/*");
        return request;

        // Given empty it is not sent at all.
        void Default(string name, string value)
        {
            var given = headers.FindAll(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (given.Count == 0)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
            else if (given.TrueForAll(one => one.Value.Length == 0))
            {
                request.Headers.Remove(name);
            }
        }
    }

    private static async Task<string> BodyAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[MostBody];
        return Encoding.UTF8.GetString(buffer, 0, await body.ReadAtLeastAsync(buffer, MostBody, throwOnEndOfStream: false, cancellation));
    }

    private static string Words(Exception failure)
    {
        for (var one = failure; one is not null; one = one.InnerException!)
        {
            if (one is DialException)
            {
                return one.Message;
            }
        }

        return failure switch
        {
            HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } or HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } => "EOF",
            { InnerException: IOException { InnerException: SocketException reset } } => $"read: {reset.Message.ToLowerInvariant()}",
            _ => (failure.InnerException ?? failure).Message,
        };
    }
}
