using Dataplane.Api;
using Dataplane.Proxy.Tests.Planning;

namespace Dataplane.Proxy.Tests.ServiceModel;

public class ServiceModelTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("0.0.0.0")]
    [InlineData("fd00:1::1")]
    [InlineData("010.1.1.1")]
    [InlineData("pod")]
    public void AnEndpointThatMustNotBeADestinationIsLeftOut(string address)
    {
        var read = Proxy.ServiceModel.EndpointSliceReader.Read(
            new EndpointSlice
            {
                Metadata = new ObjectMeta { Namespace = "ns", Name = "s", Labels = new() { ["kubernetes.io/service-name"] = "web" } },
                AddressType = "IPv4",
                Ports = [new EndpointPort { Port = 8080 }],
                Endpoints = [Cluster.Endpoint(address), Cluster.Endpoint("10.244.1.6")],
            },
            Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);

        Assert.Equal("10.244.1.6", Assert.Single(read!.Value.Contents.Endpoints).Address.ToString());
    }

    [Fact]
    public void AnEndpointThatMovesBetweenSlicesIsThereOnce()
    {
        var cluster = new Cluster().Service("web", "10.96.0.1", 80);
        cluster.Slice("s1", "web", "8080", ["10.244.1.5 terminating serving", "10.244.1.6"]);
        cluster.Slice("s2", "web", "8080", ["10.244.1.5"]);

        Assert.Equal("TCP 10.96.0.1:80 > 10.244.1.5:8080 10.244.1.6:8080 OffCluster", PlanText.Of(cluster.Plan()));
    }

    [Fact]
    public void ASliceGivenToAnotherServiceLeavesTheFirst()
    {
        var cluster = new Cluster().Service("a", "10.96.0.1", 80).Service("b", "10.96.0.2", 80);
        cluster.Slice("s", "a", "8080", ["10.244.1.5"]);
        cluster.Plan();
        cluster.Slice("s", "b", "8080", ["10.244.1.5"]);

        Assert.Equal("TCP 10.96.0.1:80 > Reject\nTCP 10.96.0.2:80 > 10.244.1.5:8080 OffCluster", PlanText.Of(cluster.Plan()));
    }

    [Fact]
    public void ADeletedServiceComesBackWithItsEndpoints()
    {
        var cluster = new Cluster().Service("web", "10.96.0.1", 80);
        cluster.Slice("s", "web", "8080", ["10.244.1.5"]);
        cluster.Plan();
        Assert.Empty(cluster.Delete("web").Plan().Services);

        Assert.Equal("TCP 10.96.0.9:80 > 10.244.1.5:8080 OffCluster", PlanText.Of(cluster.Service("web", "10.96.0.9", 80).Plan()));
    }

    [Fact]
    public void AServiceThatBecomesExternalNameIsNoLongerServed()
    {
        var cluster = new Cluster().Service("web", "10.96.0.1", 80);
        cluster.Plan();

        Assert.Empty(cluster.Service("web", "", 80, service => service.Spec.Type = "ExternalName").Plan().Services);
    }
}
