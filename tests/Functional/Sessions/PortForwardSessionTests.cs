using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Dataplane.Functional.Sessions;

/// <summary>kubectl port-forward to pods, Services and Deployments.</summary>
[Collection(ClusterCollection.Name)]
public sealed class PortForwardSessionTests(ClusterFixture cluster)
{
    private const int Big = 30_000_000;

    public static TheoryData<string> Versions => KubectlVersions.Streaming;

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task APodsPortsAnswerManyConnectionsAndBigDownloads(string version)
    {
        var kubectl = KubectlVersions.Require(version);
        await RunAsync("forward-pod", "nginx");
        try
        {
            var sum = await cluster.KubectlAsync(
                "exec", "forward-pod", "--", "/bin/sh", "-c", $"head -c {Big} /dev/urandom > /var/www/html/big && sha256sum < /var/www/html/big");
            await using var forward = await StartAsync(kubectl, "pod/forward-pod", "80");
            using var http = new HttpClient { BaseAddress = forward.Address, Timeout = TimeSpan.FromSeconds(60) };
            var pages = await Task.WhenAll(Enumerable.Range(0, 40).Select(async i =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"/?{i}") { Headers = { ConnectionClose = true } };
                using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
                return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            }));
            Assert.All(pages, page => Assert.Contains("Welcome to nginx", page));

            var downloads = await Task.WhenAll(Enumerable.Range(0, 2).Select(async _ =>
            {
                await using var content = await http.GetStreamAsync(new Uri("/big", UriKind.Relative), TestContext.Current.CancellationToken);
                return Convert.ToHexStringLower(await SHA256.HashDataAsync(content, TestContext.Current.CancellationToken));
            }));
            Assert.All(downloads, hash => Assert.StartsWith(hash, sum));

            var curl = await Programs.RunAsync("curl", ["-sS", "--max-time", "20", forward.Address.ToString()]);
            Assert.True(curl.Output.Contains("Welcome to nginx"), curl.ToString());
        }
        finally
        {
            await cluster.KubectlAsync("delete", "pod", "forward-pod", "--grace-period=1");
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task BytesArriveWholeInBothDirections(string version)
    {
        var kubectl = KubectlVersions.Require(version);
        await RunAsync("upload-pod", "redis");
        try
        {
            await using var forward = await StartAsync(kubectl, "pod/upload-pod", "6379");
            var value = RandomNumberGenerator.GetBytes(Big);
            using var client = new TcpClient();
            await client.ConnectAsync(forward.EndPoint, TestContext.Current.CancellationToken);
            await using var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${Big}\r\n"), TestContext.Current.CancellationToken);
            await stream.WriteAsync(value, TestContext.Current.CancellationToken);
            await stream.WriteAsync("\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
            var expected = Encoding.ASCII.GetBytes($"+OK\r\n${Big}\r\n");
            var answer = new byte[expected.Length + Big + 2];
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            await stream.ReadExactlyAsync(answer, limit.Token);
            Assert.Equal(expected, answer[..expected.Length]);
            Assert.Equal(SHA256.HashData(value), SHA256.HashData(answer.AsSpan(expected.Length, Big)));
        }
        finally
        {
            await cluster.KubectlAsync("delete", "pod", "upload-pod", "--grace-period=1");
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task AServiceAndADeploymentLeadToAPodOfTheirs(string version)
    {
        var kubectl = KubectlVersions.Require(version);
        await cluster.KubectlAsync("create", "deployment", "forwarded", "--image=nginx", "--port=80");
        try
        {
            await cluster.KubectlAsync("expose", "deployment", "forwarded", "--port=8000", "--target-port=80");
            await cluster.KubectlAsync("rollout", "status", "deployment/forwarded", "--timeout=60s");
            foreach (var (target, port) in new[] { ("deployment/forwarded", "80"), ("service/forwarded", "8000") })
            {
                await using var forward = await StartAsync(kubectl, target, port);
                var curl = await Programs.RunAsync("curl", ["-sS", "--max-time", "20", forward.Address.ToString()]);
                Assert.True(curl.Output.Contains("Welcome to nginx"), curl.ToString());
            }
        }
        finally
        {
            await cluster.TryKubectlAsync("delete", "service", "forwarded");
            await cluster.KubectlAsync("delete", "deployment", "forwarded");
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task APortThatNobodyListensOnIsSaid(string version)
    {
        var kubectl = KubectlVersions.Require(version);
        await RunAsync("closed-pod", "nginx");
        try
        {
            await using var forward = await StartAsync(kubectl, "pod/closed-pod", "81");
            var curl = await Programs.RunAsync("curl", ["-sS", "--max-time", "20", forward.Address.ToString()]);
            Assert.NotEqual(0, curl.ExitCode);

            // kubectl itself gives up on the first refusal, as against upstream.
            Assert.Matches(
                "error forwarding port 81 to pod closed-pod, uid .*: failed to connect to localhost:81 inside namespace .*connection refused", await forward.EndAsync());
        }
        finally
        {
            await cluster.KubectlAsync("delete", "pod", "closed-pod", "--grace-period=1");
        }
    }

    private async Task RunAsync(string name, string image)
    {
        await cluster.KubectlAsync("run", name, $"--image={image}", "--restart=Never");
        await cluster.EventuallyAsync(text => text.Contains("Running"), "get", "pod", name);
    }

    private Task<PortForward> StartAsync(string kubectl, string target, string port) => PortForward.StartAsync([kubectl], target, port, cluster.Environment);
}
