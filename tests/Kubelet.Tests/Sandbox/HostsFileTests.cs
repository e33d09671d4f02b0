using System.Net;
using Dataplane.Api;
using Dataplane.Kubelet.Sandbox;

namespace Dataplane.Kubelet.Tests.Sandbox;

public sealed class HostsFileTests
{
    [Fact]
    public void ItNamesThePodWithItsSubdomainAndTheAliases()
    {
        var pod = new Pod
        {
            Metadata = new ObjectMeta { Namespace = "shop", Name = "web-0" },
            Spec = new PodSpec { Subdomain = "web", HostAliases = [new HostAlias { IP = "192.0.2.7", Hostnames = ["foo", "bar"] }] },
        };
        var text = HostsFile.Render(pod, "web-0", [IPAddress.Parse("10.244.1.5"), IPAddress.Parse("fd00:10:244:1::5")], "cluster.local");
        Assert.StartsWith("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n", text);
        Assert.EndsWith(
            "10.244.1.5\tweb-0.web.shop.svc.cluster.local\tweb-0\nfd00:10:244:1::5\tweb-0.web.shop.svc.cluster.local\tweb-0\n\n# Entries added by HostAliases.\n192.0.2.7\tfoo\tbar\n", text);
    }

    [Fact]
    public void APodWithTheNodesNetworkHasTheNodesNames()
    {
        var pod = new Pod { Spec = new PodSpec { HostNetwork = true, HostAliases = [new HostAlias { IP = "192.0.2.7", Hostnames = ["foo"] }] } };
        Assert.Equal(
            "# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost node\n\n# Entries added by HostAliases.\n192.0.2.7\tfoo\n",
            HostsFile.RenderHostNetwork(pod, "127.0.0.1 localhost node"));
    }
}
