using System.Text.RegularExpressions;

namespace Dataplane.Functional.Sessions;

/// <summary>`kubectl expose`: a ClusterIP from a pod and a node, a NodePort from outside.</summary>
[Collection(ClusterCollection.Name)]
public sealed class ServiceSessionTests(ClusterFixture cluster)
{
    [Fact]
    public async Task AnExposedPodAnswersOnItsClusterIPFromAPodAndFromTheNode()
    {
        Assert.Equal(
            "pod/nginx-pod created\n",
            await cluster.KubectlAsync("run", "nginx-pod", "--image=nginx", "--port=80", "--restart=Never", "--labels=app=nginx-pod"));
        await cluster.KubectlAsync("run", "caller", "--image=centos", "--restart=Never");
        try
        {
            await cluster.KubectlAsync("wait", "--for=condition=Ready", "pod/nginx-pod", "pod/caller", "--timeout=60s");
            Assert.Equal(
                "service/service-pod exposed\n",
                await cluster.KubectlAsync("expose", "pod", "nginx-pod", "--port=8000", "--target-port=80", "--name=service-pod"));
            Screen.Shows(
                """
                NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE SELECTOR
                service-pod ClusterIP 10.96.{ip} <none> 8000/TCP {age} app=nginx-pod
                """,
                await cluster.KubectlAsync("get", "service", "service-pod", "-o", "wide"));
            var address = await cluster.KubectlAsync("get", "service", "service-pod", "-o", "jsonpath={.spec.clusterIP}");
            await cluster.EventuallyAsync(
                text => Screen.IsShown("NAME ENDPOINTS AGE\nservice-pod 10.244.{ip}:80 {age}", text), "get", "endpoints", "service-pod");
            await cluster.EventuallyAsync(
                text => Screen.IsShown("NAME ADDRESSTYPE PORTS ENDPOINTS AGE\nservice-pod-{id} IPv4 80 10.244.{ip} {age}", text),
                "get", "endpointslices", "-l", "kubernetes.io/service-name=service-pod");
            await cluster.EventuallyAsync(
                text => text.Contains("Welcome to nginx"), "exec", "caller", "--", "curl", "-sS", "--max-time", "10", $"http://{address}:8000");
            Assert.Contains("Welcome to nginx", await CurlAsync("dp-node-1", $"http://{address}:8000/"));
            Assert.Equal("service \"service-pod\" deleted\n", await cluster.KubectlAsync("delete", "service", "service-pod"));
        }
        finally
        {
            await cluster.TryKubectlAsync("delete", "service", "service-pod");
            await cluster.KubectlAsync("delete", "pod", "nginx-pod", "caller", "--grace-period=1");
        }
    }

    [Fact]
    public async Task ANodePortAnswersFromOutsideTheCluster()
    {
        Assert.Equal("replicationcontroller/nginx created\n", await cluster.KubectlAsync("create", "-f", ClusterFixture.Manifest("rc-nodeport.yaml")));
        try
        {
            await cluster.EventuallyAsync(text => Screen.IsShown("NAME DESIRED CURRENT READY AGE\nnginx 3 3 3 {age}", text), "get", "rc", "nginx");
            Assert.Equal(
                "service/service-nodeport exposed\n", await cluster.KubectlAsync("expose", "rc", "nginx", "--name=service-nodeport", "--type=NodePort"));
            await cluster.EventuallyAsync(
                text => Regex.IsMatch(text, @"Endpoints: +[\d.]+:80,[\d.]+:80,[\d.]+:80"), "describe", "svc", "service-nodeport");
            var description = await cluster.KubectlAsync("describe", "svc", "service-nodeport");
            Screen.Shows(
                """
                Name: service-nodeport
                Namespace: default
                Labels: app=nginx
                Annotations: <none>
                Selector: app=nginx
                Type: NodePort
                IP Family Policy: SingleStack
                IP Families: IPv4
                IP: 10.96.{ip}
                IPs: 10.96.{ip}
                Port: <unset> 80/TCP
                TargetPort: 80/TCP
                NodePort: <unset> {port}/TCP
                Endpoints: 10.244.{ip}:80,10.244.{ip}:80,10.244.{ip}:80
                Session Affinity: None
                External Traffic Policy: Cluster
                Internal Traffic Policy: Cluster
                Events: <none>
                """,
                description);
            var port = int.Parse(Regex.Match(description, @"NodePort: +\S+ +(\d+)/TCP").Groups[1].Value);
            Assert.InRange(port, 30000, 32767);
            Screen.Shows(
                $"NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE\nservice-nodeport NodePort 10.96.{{ip}} <none> 80:{port}/TCP {{age}}",
                await cluster.KubectlAsync("get", "svc", "service-nodeport"));
            foreach (var node in new[] { "172.30.0.11", "172.30.0.12" })
            {
                Assert.StartsWith("HTTP/1.1 200 OK", await CurlAsync("dp-client", "-I", $"http://{node}:{port}/"));
            }
        }
        finally
        {
            await cluster.TryKubectlAsync("delete", "service", "service-nodeport");
            await cluster.KubectlAsync("delete", "rc", "nginx");
        }
    }

    /// <summary>Asks again: one node's proxy may have the Service before the other's.</summary>
    private static async Task<string> CurlAsync(string networkNamespace, params string[] arguments)
    {
        string[] patience = ["--max-time", "10", "--retry", "20", "--retry-delay", "1", "--retry-all-errors"];
        var outcome = await Programs.RunAsync("ip", ["netns", "exec", networkNamespace, "curl", "-sS", .. patience, .. arguments]);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        return outcome.Output;
    }
}
