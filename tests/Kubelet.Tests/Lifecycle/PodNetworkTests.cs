using Dataplane.Api;
using static Dataplane.Kubelet.Tests.Lifecycle.NodeFixture;

namespace Dataplane.Kubelet.Tests.Lifecycle;

public sealed class PodNetworkTests(NodeFixture fixture) : IClassFixture<NodeFixture>
{
    [Fact]
    public async Task PodsReachEachOtherAndTheNodeReachesThem()
    {
        var probe = new Probe { HTTPGet = new HTTPGetAction { Path = "/", Port = 80 }, PeriodSeconds = 1 };
        await fixture.CreateAsync(Pod("server", new Container { Name = "web", Image = "nginx", ReadinessProbe = probe }));
        var server = await fixture.WaitAsync("server", one => one.Status.ContainerStatuses is [{ Ready: true }]);
        var get = $"exec 3<>/dev/tcp/{server.Status.PodIP}/80; printf 'HEAD / HTTP/1.0\\r\\n\\r\\n' >&3; head -1 <&3";
        await fixture.CreateAsync(Pod("client", new Container { Name = "main", Image = "host", Command = ["/bin/bash", "-c", get + "; sleep 1000"] }));
        Assert.StartsWith("HTTP/1.1 200 OK", await fixture.LogWithAsync("client", "\n"));
    }

    [Fact]
    public async Task ManyPodsAtOnceAllRun()
    {
        const int count = 20;
        await Task.WhenAll(Enumerable.Range(0, count).Select(number => fixture.CreateAsync(Pod($"many-{number}", Shell("main", "exec sleep 1000")))));
        var pods = new List<Pod>();
        for (var number = 0; number < count; number++)
        {
            pods.Add(await fixture.WaitAsync($"many-{number}", one => one.Status.ContainerStatuses is [{ Ready: true }]));
        }

        Assert.Equal(count, pods.Select(pod => pod.Status.PodIP).Distinct().Count());
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"network set-up ms: {string.Join(' ', fixture.Agent.NetworkSetUpMilliseconds.Order().Select(ms => ms.ToString("0.0")))}");
    }

    [Fact]
    public async Task ADirectoryIsAnImageWithoutAnyProgramOfTheMachine()
    {
        await fixture.CreateAsync(Pod("bare", new Container { Name = "main", Image = "bare", Command = ["/hello"] }) with
        {
            Spec = Pod("bare", new Container { Name = "main", Image = "bare", Command = ["/hello"] }).Spec with { RestartPolicy = "Never" },
        });
        var pod = await fixture.WaitAsync("bare", one => one.Status.Phase is "Failed" or "Succeeded");
        Assert.Contains("no such file", pod.Status.ContainerStatuses[0].State.Terminated!.Message);
    }
}
