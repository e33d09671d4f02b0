using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Probing;
using Dataplane.TestKit;

namespace Dataplane.Netlink.Tests.Probing;

public sealed class KernelProbeTests
{
    [Fact]
    public void EveryFeatureIsTriedOnceAndNothingStays()
    {
        Tools.RequireRoot();
        var features = KernelProbe.Run();

        Assert.Equal(features.Count, features.Select(feature => feature.Name).Distinct().Count());
        Assert.All(features, feature => Assert.Equal(feature.Available, feature.Reason is null));
        Assert.Contains(features, feature => feature is { Name: "veth", Available: true });
        Assert.Contains(features, feature => feature is { Name: "nftables ip numgen", Available: true });
        Assert.Empty(NetworkNamespace.Names("dp-probe-"));
    }
}
