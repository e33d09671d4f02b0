namespace Dataplane.Functional.Sessions;

/// <summary>A program in a pod that talks to the API server as its service account.</summary>
[Collection(ClusterCollection.Name)]
public sealed class ServiceAccountSessionTests(ClusterFixture cluster)
{
    private const string Credentials = "/var/run/secrets/kubernetes.io/serviceaccount";

    [Fact]
    public async Task APodsTokenAndCertificateLeadToTheServer()
    {
        await cluster.KubectlAsync("create", "serviceaccount", "inside");
        await cluster.KubectlAsync("run", "inside", "--image=centos", "--restart=Never", """--overrides={"spec":{"serviceAccountName":"inside"}}""", "--", "sleep", "3600");
        try
        {
            await cluster.EventuallyAsync(text => text.Contains("Running"), "get", "pod", "inside");
            Assert.Equal("default", await ExecAsync($"cat {Credentials}/namespace"));
            Assert.StartsWith("-----BEGIN CERTIFICATE-----", await ExecAsync($"cat {Credentials}/ca.crt"));
            var version = await ExecAsync(
                $"curl -sS --max-time 10 --cacert {Credentials}/ca.crt -H \"Authorization: Bearer $(cat {Credentials}/token)\" https://$KUBERNETES_SERVICE_HOST/api");
            Assert.Contains("\"APIVersions\"", version);

            // client-go's own way into the cluster.
            var whoami = await ExecAsync("HOME=/tmp KUBECONFIG= kubectl auth whoami");
            Assert.Matches(@"Username +system:serviceaccount:default:inside", whoami);
            Assert.Matches(@"authentication.kubernetes.io/pod-name +\[inside\]", whoami);
            Assert.Matches(@"authentication.kubernetes.io/node-name +\[node-[12]\]", whoami);
        }
        finally
        {
            await cluster.KubectlAsync("delete", "pod", "inside", "--grace-period=1");
            await cluster.KubectlAsync("delete", "serviceaccount", "inside");
        }

        Task<string> ExecAsync(string script) => cluster.KubectlAsync("exec", "inside", "--", "/bin/sh", "-c", script);
    }

    [Fact]
    public async Task ANodeIsDrainedWithinABudget()
    {
        var manifest = Path.Combine(Path.GetTempPath(), $"dp-{Guid.NewGuid():N}.yaml");
        await File.WriteAllTextAsync(manifest, """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: drained}
            spec:
              replicas: 2
              selector: {matchLabels: {app: drained}}
              template:
                metadata: {labels: {app: drained}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers: [{name: sleeper, image: centos, command: [sleep, "3600"]}]
            ---
            apiVersion: policy/v1
            kind: PodDisruptionBudget
            metadata: {name: drained}
            spec: {maxUnavailable: 1, selector: {matchLabels: {app: drained}}}
            """);
        try
        {
            await cluster.KubectlAsync("create", "-f", manifest);
            await cluster.EventuallyAsync(text => text == "1", "get", "pdb", "drained", "-o", "jsonpath={.status.disruptionsAllowed}");
            Assert.Contains("node/node-2 drained", await cluster.KubectlAsync("drain", "node-2", "--ignore-daemonsets", "--force", "--timeout=90s"));
            await cluster.EventuallyAsync(text => text == "node-1 node-1", "get", "pod", "-l", "app=drained", "-o", "jsonpath={.items[*].spec.nodeName}");
            await cluster.EventuallyAsync(text => text == "1", "get", "pdb", "drained", "-o", "jsonpath={.status.disruptionsAllowed}");
        }
        finally
        {
            await cluster.KubectlAsync("uncordon", "node-2");
            await cluster.TryKubectlAsync("delete", "-f", manifest);
            File.Delete(manifest);
        }
    }
}
