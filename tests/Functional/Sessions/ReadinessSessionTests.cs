namespace Dataplane.Functional.Sessions;

/// <summary>A pod that is not ready gets no requests: it leaves the Service's endpoints and comes back.</summary>
[Collection(ClusterCollection.Name)]
public sealed class ReadinessSessionTests(ClusterFixture cluster)
{
    private const string Manifest = """
        apiVersion: v1
        kind: Pod
        metadata: {name: readied, labels: {app: readied}}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - {name: c, image: nginx, ports: [{containerPort: 80}], readinessProbe: {exec: {command: [cat, /tmp/ready]}, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 60}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: readied}
        spec: {selector: {app: readied}, ports: [{port: 80}]}
        """;

    [Fact]
    public async Task APodThatIsNotReadyLeavesTheEndpoints()
    {
        var file = await ClusterFixture.WriteManifestAsync(Manifest);
        try
        {
            Assert.Equal("pod/readied created\nservice/readied created\n", await cluster.KubectlAsync("create", "-f", file));
            await cluster.EventuallyAsync(text => Screen.IsShown("NAME READY STATUS RESTARTS AGE\nreadied 0/1 Running 0 {age}", text), "get", "pod", "readied");
            await EndpointsAsync("<none>");
            await cluster.EventuallyAsync(text => text.Contains("Readiness probe failed: cat: /tmp/ready: No such file or directory"), "describe", "pod", "readied");

            await cluster.KubectlAsync("exec", "readied", "--", "touch", "/tmp/ready");
            await EndpointsAsync("10.244.{ip}:80");
            Screen.Contains("readied 1/1 Running 0 {age}", await cluster.KubectlAsync("get", "pod", "readied"));

            await cluster.KubectlAsync("exec", "readied", "--", "rm", "/tmp/ready");
            await EndpointsAsync("<none>");
            Screen.Contains("readied 0/1 Running 0 {age}", await cluster.KubectlAsync("get", "pod", "readied"));
        }
        finally
        {
            await cluster.TryKubectlAsync("delete", "--grace-period=1", "-f", file);
            File.Delete(file);
        }
    }

    private Task<string> EndpointsAsync(string shown) => cluster.EventuallyAsync(
        text => Screen.IsShown($"NAME ENDPOINTS AGE\nreadied {shown} {{age}}", text), "get", "endpoints", "readied");
}
