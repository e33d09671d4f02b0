using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Tests.Ipvs;

/// <summary>Which scheduler a Service asks for, and what is said of one that there never was.</summary>
public sealed class SchedulerTests
{
    [Theory]
    [InlineData("mh", "mh", 0)]
    [InlineData("wlc", "wlc", 0)]
    [InlineData("fastest", null, 1)]
    [InlineData("", null, 1)]
    public void ANameThatIsNoneIsAFaultOfTheService(string name, string? planned, int faults)
    {
        var told = new List<string>();
        var service = ServiceReader.Read(
            new Api.Service
            {
                Metadata = new Api.ObjectMeta { Namespace = "ns", Name = "web", Annotations = new() { ["ipvs.dataplane.dev/scheduler"] = name } },
                Spec = new Api.ServiceSpec { ClusterIP = "10.96.0.1", ClusterIPs = ["10.96.0.1"], Ports = [new Api.ServicePort { Port = 80 }] },
            },
            told);
        Assert.Equal(planned, service!.Scheduler);
        Assert.Equal(faults, told.Count);
        Assert.All(told, fault => Assert.StartsWith("metadata.annotations[ipvs.dataplane.dev/scheduler]", fault));
    }

    [Fact]
    public void ThePlanCarriesIt()
    {
        var plan = new Cluster().Service("web", "10.96.0.1", 80, s => s.Metadata.Annotations["ipvs.dataplane.dev/scheduler"] = "sh").Slice("web", "8080", "10.244.1.5 here").Plan();
        Assert.Equal("sh", Assert.Single(Assert.Single(plan.Services.Values).FrontEnds).Scheduler);
    }
}
