using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Dataplane.Functional.Sessions;

/// <summary>`kubectl proxy` and a browser's requests through it.</summary>
[Collection(ClusterCollection.Name)]
public sealed class ProxySessionTests(ClusterFixture cluster)
{
    [Fact]
    public async Task AServiceAPodAndANodeAnswerThroughKubectlProxy()
    {
        await cluster.KubectlAsync("run", "proxied", "--image=nginx", "--port=80", "--restart=Never", "--labels=app=proxied");
        using var proxy = Programs.Start("kubectl", ["proxy", "--port=0"], cluster.Environment);
        try
        {
            await cluster.EventuallyAsync(text => Regex.IsMatch(text, @"proxied +1/1 +Running"), "get", "pod", "proxied");
            await cluster.KubectlAsync("expose", "pod", "proxied", "--port=8000", "--target-port=80", "--name=proxied");
            await cluster.EventuallyAsync(
                text => Regex.IsMatch(text, @"^80 10\.[\d.]+ true$"),
                "get", "endpointslices", "-l", "kubernetes.io/service-name=proxied",
                "-o", "jsonpath={.items[*].ports[*].port} {.items[*].endpoints[*].addresses[*]} {.items[*].endpoints[*].conditions.ready}");

            var line = proxy.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask();
            var started = await line.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken) ?? "";
            var address = "http://" + Regex.Match(started, @"127\.0\.0\.1:\d+").Value;
            foreach (var path in new[]
            {
                "namespaces/default/services/proxied:8000/proxy/", "namespaces/default/services/http:proxied:8000/proxy/", "namespaces/default/pods/proxied/proxy/",
                "namespaces/default/pods/proxied:80/proxy/", "proxy/namespaces/default/services/proxied:8000/",
            })
            {
                Assert.Contains("Welcome to nginx", await CurlAsync($"{address}/api/v1/{path}"));
            }

            Assert.Equal("ok", await CurlAsync($"{address}/api/v1/nodes/node-1/proxy/healthz"));
            Assert.Equal("ok", await CurlAsync($"{address}/api/v1/nodes/node-2:10250/proxy/healthz"));
            Assert.Contains("no service port 1 found", await CurlAsync($"{address}/api/v1/namespaces/default/services/proxied:1/proxy/"));
        }
        finally
        {
            await StopAsync(proxy);
            await cluster.TryKubectlAsync("delete", "service", "proxied");
            await cluster.KubectlAsync("delete", "pod", "proxied", "--grace-period=1");
        }
    }

    private static async Task StopAsync(Process proxy)
    {
        proxy.Kill();
        await proxy.WaitForExitAsync(CancellationToken.None);
    }

    private static async Task<string> CurlAsync(string url)
    {
        var outcome = await Programs.RunAsync("curl", ["-sS", "--max-time", "10", url]);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        return outcome.Output.Trim();
    }
}
