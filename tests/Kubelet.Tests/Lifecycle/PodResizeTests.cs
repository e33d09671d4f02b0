using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;
using static Dataplane.Kubelet.Tests.Lifecycle.NodeFixture;

namespace Dataplane.Kubelet.Tests.Lifecycle;

/// <summary>Other resources for containers that run: pods/resize.</summary>
public sealed class PodResizeTests(NodeFixture fixture) : IClassFixture<NodeFixture>
{
    [Fact]
    public async Task LimitsChangeWhileAContainerRunsOrByItsRestartAndTooMuchIsSaidToBe()
    {
        var restarted = Sleeper("restarted") with { ResizePolicy = [new ContainerResizePolicy { ResourceName = "memory", RestartPolicy = "RestartContainer" }] };
        await fixture.CreateAsync(Pod("resized", Sleeper("main"), restarted));
        var pod = await fixture.WaitAsync("resized", one => one.Status.Conditions.Exists(condition => condition is { Type: "Ready", Status: "True" }));
        Assert.Equal("100m", $"{pod.Status.ContainerStatuses[0].AllocatedResources["cpu"]}");

        await ResizeAsync("main", """{"limits":{"cpu":"400m","memory":"128Mi"},"requests":{"cpu":"150m"}}""");
        pod = await fixture.WaitAsync("resized", one => Limit(one, 0, "cpu") == "400m");
        Assert.Equal(("40000", "150m", 0), (Quota(pod, "main"), $"{pod.Status.ContainerStatuses[0].AllocatedResources["cpu"]}", pod.Status.ContainerStatuses[0].RestartCount));

        await ResizeAsync("restarted", """{"limits":{"memory":"48Mi"}}""");
        pod = await fixture.WaitAsync("resized", one => Limit(one, 1, "memory") == "48Mi" && one.Status.ContainerStatuses[1] is { RestartCount: 1, Ready: true });
        Assert.Equal(0, pod.Status.ContainerStatuses[0].RestartCount);

        await ResizeAsync("main", """{"limits":{"cpu":"1000"},"requests":{"cpu":"1000"}}""");
        pod = await fixture.WaitAsync("resized", one => one.Status.Conditions.Exists(condition => condition is { Type: "PodResizePending", Status: "True", Reason: "Infeasible" }));
        Assert.StartsWith(
            "Node didn't have enough capacity: cpu, requested: 1000100, capacity: ", pod.Status.Conditions.Single(one => one.Type == "PodResizePending").Message, StringComparison.Ordinal);
        Assert.Equal(("400m", "40000"), (Limit(pod, 0, "cpu"), Quota(pod, "main")));

        await ResizeAsync("main", """{"limits":{"cpu":"300m"},"requests":{"cpu":"100m"}}""");
        pod = await fixture.WaitAsync("resized", one => Limit(one, 0, "cpu") == "300m" && !one.Status.Conditions.Exists(condition => condition.Type.StartsWith("PodResize", StringComparison.Ordinal)));
        Assert.Equal(("30000", 0), (Quota(pod, "main"), pod.Status.ContainerStatuses[0].RestartCount));
    }

    private static Container Sleeper(string name) => Shell(name, "exec sleep 1000") with
    {
        Resources = new ResourceRequirements
        {
            Limits = new() { ["cpu"] = Quantity.Parse("200m"), ["memory"] = Quantity.Parse("64Mi") },
            Requests = new() { ["cpu"] = Quantity.Parse("100m"), ["memory"] = Quantity.Parse("32Mi") },
        },
    };

    private static string? Limit(Pod pod, int container, string name) =>
        pod.Status.ContainerStatuses[container].Resources is { } resources && resources.Limits.TryGetValue(name, out var limit) ? $"{limit}" : null;

    /// <summary>Microseconds of 100 ms, as the kernel has them.</summary>
    private static string Quota(Pod pod, string container)
    {
        var group = $"dp-pods/pod{pod.Metadata.UID}/{container}-0";
        return Directory.Exists("/sys/fs/cgroup/cpu")
            ? File.ReadAllText($"/sys/fs/cgroup/cpu/{group}/cpu.cfs_quota_us").Trim()
            : File.ReadAllText($"/sys/fs/cgroup/{group}/cpu.max").Split(' ')[0];
    }

    private Task ResizeAsync(string container, string resources) => fixture.Client.PatchAsync<Pod>(
        new NamespacedName("default", "resized"), PatchType.StrategicMerge,
        Encoding.UTF8.GetBytes($"{{\"spec\":{{\"containers\":[{{\"name\":\"{container}\",\"resources\":{resources}}}]}}}}"), "resize");
}
