using System.Globalization;
using System.Net;
using System.Text;
using Dataplane.ControlPlane.Security;
using Dataplane.Hosting;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Tests.ResourceMetrics;

/// <summary>A kubelet's port with /metrics/resource and nothing else. Each container there keeps a tenth of a core busy.</summary>
internal sealed class FakeKubelet(TimeProvider time) : IAsyncDisposable
{
    private readonly CertificateAuthority _authority = CertificateAuthority.Create(TimeProvider.System);
    private HttpEndpoint? _endpoint;
    private int _asked;

    public IPEndPoint EndPoint => _endpoint!.LocalEndPoint;

    /// <summary>How often it was asked.</summary>
    public int Asked => Volatile.Read(ref _asked);

    /// <summary>Namespace, pod, container and bytes of memory.</summary>
    public IReadOnlyList<(string Namespace, string Pod, string Container, long Bytes)> Containers { get; set; } = [];

    /// <summary>Answers this instead.</summary>
    public Func<HttpContext, Task>? Instead { get; set; }

    public static async Task<FakeKubelet> StartAsync(TimeProvider time)
    {
        var kubelet = new FakeKubelet(time);
        kubelet._endpoint = await HttpEndpoint.StartAsync(
            new HttpEndpointOptions
            {
                Address = new IPEndPoint(IPAddress.Loopback, 0),
                Certificate = kubelet._authority.IssueServer("kubelet", ["127.0.0.1"]),
                AcceptClientCertificate = certificate => certificate.Subject.Contains("kube-apiserver-kubelet-client", StringComparison.Ordinal),
            },
            kubelet.AnswerAsync);
        return kubelet;
    }

    public async ValueTask DisposeAsync()
    {
        if (_endpoint is not null)
        {
            await _endpoint.DisposeAsync();
        }

        _authority.Dispose();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        Interlocked.Increment(ref _asked);
        if (Instead is not null)
        {
            await Instead(http);
            return;
        }

        if (http.Request.Path != "/metrics/resource" || http.Connection.ClientCertificate is null)
        {
            http.Response.StatusCode = 403;
            await http.Response.WriteAsync("Forbidden", http.RequestAborted);
            return;
        }

        var now = time.GetUtcNow();
        var text = new StringBuilder();
        Line("node_cpu_usage_seconds_total", "", Used(now, 0.25), now);
        Line("node_memory_working_set_bytes", "", 1 << 30, now);
        foreach (var (ns, pod, container, bytes) in Containers)
        {
            var labels = $"{{container=\"{container}\",namespace=\"{ns}\",pod=\"{pod}\"}}";
            Line("container_cpu_usage_seconds_total", labels, Used(now, 0.1), now);
            Line("container_memory_working_set_bytes", labels, bytes, now);
        }

        await http.Response.WriteAsync(text.ToString(), http.RequestAborted);

        void Line(string name, string labels, double value, DateTimeOffset at) =>
            text.Append(CultureInfo.InvariantCulture, $"{name}{labels} {value:R} {at.ToUnixTimeMilliseconds()}\n");
    }

    /// <summary>Seconds of processor time since a day ago, as of the millisecond that is written beside them.</summary>
    private static double Used(DateTimeOffset now, double cores) => cores * (now.ToUnixTimeMilliseconds() % 86_400_000 + 86_400_000) / 1000;
}
