using System.Diagnostics;

namespace Dataplane.Functional.Sessions;

/// <summary>A pod of two containers: one network, logs told apart, and a sandbox that outlives both.</summary>
[Collection(ClusterCollection.Name)]
public sealed class ContainerSessionTests(ClusterFixture cluster)
{
    private const string Pod = "my-first-pod";

    [Fact]
    public async Task TwoContainersShareTheirNetworkAndAreToldApart()
    {
        Assert.Equal($"pod/{Pod} created\n", await cluster.KubectlAsync("create", "-f", ClusterFixture.Manifest("two-containers.yaml")));
        try
        {
            await RunningAsync(0);
            Screen.Shows(
                $"""
                NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES
                {Pod} 2/2 Running 0 {"{age}"} 10.244.{"{ip}"} node-{"{id}"} <none> <none>
                """,
                await cluster.KubectlAsync("get", "pods", Pod, "-o", "wide"));
            await cluster.EventuallyAsync(text => text.Contains("Welcome to nginx"), "logs", Pod, "-c", "my-centos", "--tail=40");
            Assert.InRange((await cluster.KubectlAsync("logs", Pod, "-c", "my-centos", "--tail=10")).Count(c => c == '\n'), 1, 10);

            // kubectl itself takes the first container; the server names them all.
            Assert.Contains("Defaulted container \"my-nginx\" out of: my-nginx, my-centos\n", (await cluster.TryKubectlAsync("logs", Pod)).Error);
            Assert.Equal(
                $"Error from server (BadRequest): a container name must be specified for pod {Pod}, choose one of: [my-nginx my-centos]\n",
                await cluster.RefusedAsync("get", "--raw", $"/api/v1/namespaces/default/pods/{Pod}/log"));
            Assert.Equal(
                $"error: container nobody is not valid for pod {Pod}\n", await cluster.RefusedAsync("logs", Pod, "-c", "nobody"));
            await TheSandboxOutlivesBothAsync();
        }
        finally
        {
            await cluster.KubectlAsync("delete", "pod", Pod, "--grace-period=1");
        }
    }

    private async Task TheSandboxOutlivesBothAsync()
    {
        var address = await AddressAsync();
        var inside = (await cluster.KubectlAsync("exec", Pod, "-c", "my-centos", "--", "readlink", "/proc/self/ns/net")).Trim();
        var processes = ProcessesIn(inside);
        Assert.NotEmpty(processes);
        foreach (var id in processes)
        {
            Kill(id);
        }

        await RunningAsync(1);
        Assert.Equal(address, await AddressAsync());
        Assert.Equal(inside, (await cluster.KubectlAsync("exec", Pod, "-c", "my-nginx", "--", "readlink", "/proc/self/ns/net")).Trim());
        await cluster.EventuallyAsync(text => text.Contains("Welcome to nginx"), "logs", Pod, "-c", "my-centos");
    }

    private Task<string> AddressAsync() => cluster.KubectlAsync("get", "pod", Pod, "-o", "jsonpath={.status.podIP}");

    private Task<string> RunningAsync(int restarts) => cluster.EventuallyAsync(
        text => text == $"true true {restarts} {restarts}",
        "get", "pod", Pod, "-o", "jsonpath={.status.containerStatuses[*].ready} {.status.containerStatuses[*].restartCount}");

    /// <summary>The containers' first processes: those of the network namespace whose pid is 1 in their own.</summary>
    private static List<int> ProcessesIn(string networkNamespace)
    {
        var found = new List<int>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), out var id))
            {
                continue;
            }

            try
            {
                var first = File.ReadLines($"{directory}/status").Any(line => line.StartsWith("NSpid:", StringComparison.Ordinal) && line.EndsWith("\t1", StringComparison.Ordinal));
                if (first && File.ResolveLinkTarget($"{directory}/ns/net", returnFinalTarget: false)?.Name == networkNamespace)
                {
                    found.Add(id);
                }
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // It ended while it was looked at.
            }
        }

        return found;
    }

    private static void Kill(int id)
    {
        using var process = Process.GetProcessById(id);
        process.Kill();
    }
}
