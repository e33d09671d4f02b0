using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Kubelet.Server;
using Dataplane.Kubelet.Tests.Lifecycle;
using Dataplane.TestKit;
using static Dataplane.Kubelet.Tests.Lifecycle.NodeFixture;

namespace Dataplane.Kubelet.Tests.Server;

/// <summary>The agent's API as it is asked directly: who may, and what it tells.</summary>
public sealed class KubeletApiTests(NodeFixture fixture) : IClassFixture<NodeFixture>
{
    [Fact]
    public async Task NobodyIsHeardWithoutCredentialsThatTheClusterKnows()
    {
        using var stranger = Client(null);
        Assert.Equal((HttpStatusCode.Unauthorized, "Unauthorized"), await GetAsync(stranger, "/pods"));
        stranger.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "rubbish");
        Assert.Equal((HttpStatusCode.Unauthorized, "Unauthorized"), await GetAsync(stranger, "/pods"));
        Assert.Equal((HttpStatusCode.Unauthorized, "Unauthorized"), await GetAsync(stranger, "/healthz"));
    }

    [Fact]
    public async Task AServiceAccountsTokenIsReviewed()
    {
        await fixture.Client.CreateAsync(new ServiceAccount { Metadata = new ObjectMeta { Name = "prober", Namespace = "default" } });
        var issued = await fixture.Client.CreateTokenAsync(new NamespacedName("default", "prober"), new TokenRequest());
        using var client = Client(null);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", issued.Status.Token);
        Assert.Equal((HttpStatusCode.OK, "ok"), await GetAsync(client, "/healthz"));
        Assert.Equal((HttpStatusCode.OK, "ok"), await GetAsync(client, "/healthz/syncloop"));
    }

    [Fact]
    public async Task ItTellsOfPodsAndWhatTheyUse()
    {
        await fixture.CreateAsync(Pod("busy", Shell("main", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; exec sleep 1000")));
        var pod = await fixture.WaitAsync("busy", one => one.Status.ContainerStatuses is [{ Ready: true }]);
        using var client = Client(fixture.KubeConfig.ClientCertificate);
        JsonNode? found = null;
        var started = Stopwatch.StartNew();
        while (found is null || found["cpu"]!["usageCoreNanoSeconds"]!.GetValue<long>() == 0 || found["memory"]!["workingSetBytes"]!.GetValue<long>() == 0)
        {
            Assert.True(started.Elapsed < TimeSpan.FromSeconds(60), $"no use of the pod is told: {found}");
            var summary = JsonNode.Parse((await GetAsync(client, "/stats/summary")).Text)!;
            Assert.Equal(NodeName, $"{summary["node"]!["nodeName"]}");
            Assert.True(summary["node"]!["memory"]!["workingSetBytes"]!.GetValue<long>() > 0);
            found = summary["pods"]!.AsArray().FirstOrDefault(one => $"{one!["podRef"]!["uid"]}" == pod.Metadata.UID);
        }

        Assert.Equal("main", $"{found["containers"]![0]!["name"]}");
        Assert.True(found["containers"]![0]!["memory"]!["workingSetBytes"]!.GetValue<long>() > 0);
        Assert.Equal("eth0", $"{found["network"]!["name"]}");

        var resource = (await GetAsync(client, "/metrics/resource")).Text;
        Assert.Matches(@"container_cpu_usage_seconds_total\{container=""main"",namespace=""default"",pod=""busy""\} [0-9.E-]+ \d{13}\n", resource);
        Assert.Matches(@"\nnode_memory_working_set_bytes \d+ \d{13}\n", resource);
        var cadvisor = (await GetAsync(client, "/metrics/cadvisor")).Text;
        Assert.Contains("container_network_receive_bytes_total{namespace=\"default\",pod=\"busy\",interface=\"eth0\"} ", cadvisor);
        Assert.Contains("kubelet_pod_start_duration_seconds_count", (await GetAsync(client, "/metrics")).Text);
        Assert.Contains("\"busy\"", (await GetAsync(client, "/pods")).Text);
        Assert.Contains("\"containerLogMaxFiles\":5", (await GetAsync(client, "/configz")).Text);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(client, "/nothing")).Status);
    }

    [Theory]
    [InlineData("/stats/summary", "stats")]
    [InlineData("/metrics/cadvisor", "metrics")]
    [InlineData("/pods", "pods proxy")]
    [InlineData("/healthz/ping", "healthz proxy")]
    [InlineData("/configz", "configz proxy")]
    [InlineData("/logs/kubelet.log", "log")]
    [InlineData("/exec/default/web/main", "proxy")]
    [InlineData("/containerLogs/default/web/main", "proxy")]
    [InlineData("/", "proxy")]
    public void WhatIsAskedForIsASubresourceOfTheNode(string path, string expected) =>
        Assert.Equal(expected, string.Join(' ', RequestAuthorization.SubresourcesOf(path)));

    private static async Task<(HttpStatusCode Status, string Text)> GetAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));
        return (answer.StatusCode, (await answer.Content.ReadAsStringAsync()).TrimEnd('\n'));
    }

    private HttpClient Client(X509Certificate2? certificate)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = fixture.Host.Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, fixture.Agent.EndPoint.Port), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        handler.SslOptions.ClientCertificates = certificate is null ? null : [certificate];
        return new HttpClient(handler) { BaseAddress = new Uri("https://127.0.0.1:10250") };
    }
}
