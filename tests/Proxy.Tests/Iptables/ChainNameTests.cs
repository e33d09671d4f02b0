using Dataplane.Proxy.Iptables.Rendering;

namespace Dataplane.Proxy.Tests.Iptables;

public sealed class ChainNameTests
{
    // From kubernetes pkg/proxy/iptables/proxier_test.go.
    [Theory]
    [InlineData("ns1/svc1:p80", "KUBE-SVC-XPGD46QRK7WJZT7O")]
    [InlineData("ns2/svc2:p80", "KUBE-SVC-GNZBNJ2PO5MGZ6GT")]
    [InlineData("ns3/svc3:p80", "KUBE-SVC-X27LE4BHSL4DOUIK")]
    [InlineData("ns4/svc4:p80", "KUBE-SVC-4SW47YFZTEDKD3PK")]
    public void AServicePortHasTheNameKubeProxyGivesIt(string port, string chain) =>
        Assert.Equal(chain, ChainNames.Cluster(ChainNames.ServicePortHash(port, "tcp")));

    [Theory]
    [InlineData("ns1/svc1:p80", "10.180.0.1:80", "KUBE-SEP-SXIVWICOYRO3J4NJ")]
    [InlineData("ns2/svc2:p80", "10.180.0.2:80", "KUBE-SEP-RS4RBKLTHTF2IUXJ")]
    [InlineData("ns3/svc3:p80", "10.180.0.3:80", "KUBE-SEP-OYPFS5VJICHGATKP")]
    [InlineData("ns4/svc4:p80", "10.180.0.4:80", "KUBE-SEP-UKSFD7AGPMPPLUHC")]
    [InlineData("ns4/svc4:p80", "10.180.0.5:80", "KUBE-SEP-C6EBXVWJJZMIWKLZ")]
    public void AnEndpointHasTheNameKubeProxyGivesIt(string port, string endpoint, string chain) =>
        Assert.Equal(chain, ChainNames.Endpoint(port, "tcp", endpoint));
}
