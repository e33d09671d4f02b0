using Dataplane.Api;
using static Dataplane.Kubelet.Tests.Lifecycle.NodeFixture;

namespace Dataplane.Kubelet.Tests.Lifecycle;

/// <summary>A node that knows no cluster DNS.</summary>
public sealed class NodeWithoutDnsFixture : NodeFixture
{
    internal override KubeletOptions Change(KubeletOptions options) => options with { ClusterDns = [] };
}

/// <summary>Host names and name servers of pods.</summary>
public sealed class PodNameTests(NodeWithoutDnsFixture fixture) : IClassFixture<NodeWithoutDnsFixture>
{
    [Fact]
    public async Task TheHostNameMayBeTheWholeName()
    {
        var pod = Pod("named", Shell("main", "uname -n; cat /etc/hostname; echo $HOSTNAME; grep -w web /etc/hosts | tr '\\t' ' ' | cut -d' ' -f2-; exec sleep 1000"));
        await fixture.CreateAsync(pod with { Spec = pod.Spec with { Hostname = "web", Subdomain = "shop", SetHostnameAsFQDN = true } });
        const string full = "web.shop.default.svc.cluster.local";
        Assert.Equal($"{full}\n{full}\n{full}\n{full} web\n", await fixture.LogWithAsync("named", " web\n"));
    }

    [Fact]
    public async Task AWholeNameThatTheKernelDoesNotTakeIsTold()
    {
        var name = "long-" + new string('x', 40);
        var pod = Pod(name, Shell("main", "exec sleep 1000"));
        await fixture.CreateAsync(pod with { Spec = pod.Spec with { Subdomain = "shop", SetHostnameAsFQDN = true } });
        var full = $"{name}.shop.default.svc.cluster.local";
        var told = await fixture.EventAsync(name, one => one.Reason == "FailedCreatePodSandBox");
        Assert.EndsWith(
            $"failed to construct FQDN from pod hostname and cluster domain, FQDN {full} is too long (64 characters is the max, {full.Length} characters requested)", told.Message);
        Assert.Equal("Pending", (await fixture.WaitAsync(name, one => one.Status.ContainerStatuses.Count > 0)).Status.Phase);

        // What never began can be taken away.
        await fixture.Client.DeleteAsync<Pod>(new NamespacedName("default", name));
        await fixture.WaitGoneAsync(name);
    }

    [Fact]
    public async Task APodThatWantsClusterDnsIsToldThatThereIsNone()
    {
        const string problem = "kubelet does not have ClusterDNS IP configured and cannot create Pod using \"ClusterFirst\" policy. Falling back to \"Default\" policy.";
        var pod = Pod("nameless", Shell("main", "exec sleep 1000"));
        var created = await fixture.CreateAsync(pod with { Spec = pod.Spec with { DNSPolicy = "ClusterFirst" } });
        var told = await fixture.EventAsync("nameless", one => one.Reason == "MissingClusterDNS");
        Assert.Equal(("Warning", $"pod: \"nameless_default({created.Metadata.UID})\". {problem}"), (told.Type, told.Message));
        told = await fixture.EventAsync(NodeName, one => one.Reason == "MissingClusterDNS");
        Assert.Equal(("Warning", problem), (told.Type, told.Message));

        var own = Pod("content", Shell("main", "exec sleep 1000"));
        await fixture.CreateAsync(own with { Spec = own.Spec with { DNSPolicy = "Default" } });
        await fixture.WaitAsync("content", one => one.Status.Phase == "Running");
        var events = await fixture.Client.ListAsync<Event>(new Api.Client.ListOptions { Namespace = "default", FieldSelector = "involvedObject.name=content" });
        Assert.DoesNotContain(events.Items, one => one.Reason == "MissingClusterDNS");
    }
}
