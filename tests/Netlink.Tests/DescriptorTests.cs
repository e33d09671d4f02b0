using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Route;
using Dataplane.TestKit;

namespace Dataplane.Netlink.Tests;

[CollectionDefinition(nameof(Descriptors), DisableParallelization = true)]
public sealed class Descriptors;

[Collection(nameof(Descriptors))]
public sealed class DescriptorTests
{
    [Fact]
    public void ANetworkAndItsConnectionsLeaveNoDescriptorOpen() => OpenDescriptors.AssertNoLeak(() =>
    {
        using var network = new TestNetwork();
        var host = network.AddHost("a");
        network.Connect(host, "eth0", null, network.AddHost("b"), "eth0", null);
        using var route = RouteConnection.Open(host.Namespace);
        Assert.NotNull(route.FindLink("eth0"));
    });

    [Fact]
    public void AMonitorLeavesNoDescriptorOpen()
    {
        using var network = new TestNetwork();
        var host = network.AddHost("a");
        OpenDescriptors.AssertNoLeak(() =>
        {
            using var nftables = NftablesConnection.Open(host.Namespace);
            using var monitor = NftablesMonitor.Start(host.Namespace, _ => { });
        });
    }
}
