using Dataplane.Api;
using static Dataplane.Kubelet.Tests.Lifecycle.NodeFixture;

namespace Dataplane.Kubelet.Tests.Lifecycle;

/// <summary>What of a pod's specification the network is about, from the object to the process.</summary>
public sealed class PodNetworkFeatureTests(NodeFixture fixture) : IClassFixture<NodeFixture>
{
    [Fact]
    public async Task ASafeSysctlIsSetInThePodAndAnotherIsRefused()
    {
        var shell = Shell("main", "cat /proc/sys/net/ipv4/ip_unprivileged_port_start; exec sleep 1000");
        await fixture.CreateAsync(With(Pod("safe", shell), "net.ipv4.ip_unprivileged_port_start", "80"));
        Assert.Equal("80\n", await fixture.LogWithAsync("safe", "\n"));
        await fixture.CreateAsync(With(Pod("unsafe", shell), "net.core.somaxconn", "1024"));
        var refused = await fixture.WaitAsync("unsafe", one => one.Status.Phase == "Failed");
        Assert.Equal(("SysctlForbidden", "Pod was rejected: forbidden sysctl: \"net.core.somaxconn\" not allowlisted"), (refused.Status.Reason, refused.Status.Message));
    }

    [Fact]
    public async Task APortOfTheNodeThatIsTakenIsRefusedAndFreeAgainAfterwards()
    {
        await fixture.CreateAsync(Pod("first", OnPort(8088)));
        await fixture.WaitAsync("first", one => one.Status.Phase == "Running");
        await fixture.CreateAsync(Pod("second", OnPort(8088)));
        var refused = await fixture.WaitAsync("second", one => one.Status.Phase == "Failed");
        Assert.Equal(("NodePorts", "Pod was rejected: Predicate NodePorts failed"), (refused.Status.Reason, refused.Status.Message));
        await fixture.Client.DeleteAsync<Pod>(new NamespacedName("default", "first"));
        await fixture.WaitGoneAsync("first");
        await fixture.CreateAsync(Pod("third", OnPort(8088)));
        await fixture.WaitAsync("third", one => one.Status.Phase == "Running");
    }

    private static Container OnPort(int port)
    {
        var container = Shell("main", "exec sleep 1000");
        container.Ports.Add(new ContainerPort { Port = 80, HostPort = port });
        return container;
    }

    private static Pod With(Pod pod, string sysctl, string value)
    {
        pod.Spec.SecurityContext = new PodSecurityContext { Sysctls = [new Sysctl { Name = sysctl, Value = value }] };
        return pod;
    }
}
