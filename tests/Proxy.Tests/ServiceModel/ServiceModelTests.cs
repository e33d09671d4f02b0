using Dataplane.Api;
using Dataplane.Proxy.Tests.Planning;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Tests.ServiceModel;

public class ServiceModelTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("0.0.0.0")]
    [InlineData("fd00:1::1")]
    [InlineData("0127.0.0.1")]
    [InlineData("0x0a.1.1.1")]
    [InlineData("255.255.255.255")]
    [InlineData("pod")]
    [InlineData("::1", "IPv6")]
    [InlineData("ff02::1", "IPv6")]
    [InlineData("fe80::1", "IPv6")]
    [InlineData("::", "IPv6")]
    [InlineData("::ffff:127.0.0.2", "IPv6")]
    [InlineData("::ffff:10.244.1.5", "IPv6")]
    [InlineData("fd00::1%eth0", "IPv6")]
    [InlineData("10.244.1.5", "IPv6")]
    public void AnEndpointThatMustNotBeADestinationIsLeftOut(string address, string type = "IPv4")
    {
        var right = type == "IPv4" ? "10.244.1.6" : "fd00:10:244:1::6";
        var faults = new List<string>();
        var read = Proxy.ServiceModel.EndpointSliceReader.Read(
            new EndpointSlice
            {
                Metadata = new ObjectMeta { Namespace = "ns", Name = "s", Labels = new() { ["kubernetes.io/service-name"] = "web" } },
                AddressType = type,
                Ports = [new EndpointPort { Port = 8080 }],
                Endpoints = [Cluster.Endpoint(address), Cluster.Endpoint(right)],
            },
            faults);

        Assert.StartsWith($"endpoints: {address} is ", Assert.Single(faults), StringComparison.Ordinal);
        Assert.Equal(right, Assert.Single(read!.Value.Contents.Endpoints).Address.ToString());
    }

    [Fact]
    public void EachFaultyObjectIsNamedOnceAndTheRestOfItServed()
    {
        var lines = new Lines();
        var model = new Proxy.ServiceModel.ServiceModelState(lines);
        var service = new Service
        {
            Metadata = new ObjectMeta { Namespace = "ns", Name = "web" },
            Spec = new ServiceSpec
            {
                ClusterIP = "10.96.0.1",
                Ports = [new() { Port = 80 }, new() { Name = "again", Port = 80 }, new() { Name = "zero", Port = 0 }, new() { Name = "odd", Port = 81, Protocol = "QUIC" }],
                ExternalIPs = ["nowhere"],
            },
        };
        var slice = new EndpointSlice
        {
            Metadata = new ObjectMeta { Namespace = "ns", Name = "s", Labels = new() { ["kubernetes.io/service-name"] = "web" } },
            AddressType = "IPv4",
            Ports = [new EndpointPort { Port = 8080 }, new EndpointPort { Name = "zero", Port = 0 }],
            Endpoints = [.. new[] { "127.0.0.1", "224.0.0.1", "fd00::1", "10.244.1.6" }.Select(Cluster.Endpoint)],
        };
        for (var update = 0; update < 3; update++)
        {
            model.Set(NamespacedName.Of(service), service);
            model.Set(NamespacedName.Of(slice), slice);
        }

        Assert.Equal(
            [
                "Service ns/web: spec.externalIPs nowhere is no usable IP address; spec.ports[].port 80 stands there twice for Tcp; spec.ports[].port 0 is not in 1-65535; and 1 more; ignored",
                "EndpointSlice ns/s: ports: zero is 0, not in 1-65535; endpoints: 127.0.0.1 is a loopback address; endpoints: 224.0.0.1 is a multicast address; and 1 more; ignored",
            ],
            lines.Written);
        var (table, _) = model.Take();
        var entry = Assert.Single(table.Services).Value;
        Assert.Equal("10.244.1.6", Assert.Single(entry.Endpoints.Of(Assert.Single(entry.Service.Ports).Name)).Address.ToString());

        slice.Endpoints.RemoveAt(0);
        model.Set(NamespacedName.Of(slice), slice);
        Assert.Equal(3, lines.Written.Count);
    }

    [Fact]
    public void WhatStandsTwiceInASliceIsNamedAndServedOnce()
    {
        var lines = new Lines();
        var model = new Proxy.ServiceModel.ServiceModelState(lines);
        var web = new Service { Metadata = new ObjectMeta { Namespace = "ns", Name = "web" }, Spec = new ServiceSpec { ClusterIP = "10.96.0.1", Ports = [new() { Port = 80 }] } };
        model.Set(NamespacedName.Of(web), web);
        var slice = Slice("web");
        model.Set(NamespacedName.Of(slice), slice);
        model.Set(NamespacedName.Of(slice), slice);

        Assert.Equal(
            ["EndpointSlice ns/s: ports: the unnamed port stands there twice for Tcp; endpoints: 10.244.1.5 stands there twice; ignored"], lines.Written);
        var endpoint = Assert.Single(Assert.Single(Assert.Single(model.Take().Table.Services).Value.Endpoints.ByPort).Endpoints);
        Assert.Equal(("10.244.1.5", (ushort)8080, true), (endpoint.Address.ToString(), endpoint.Port, endpoint.Ready));

        var claimed = Slice("other");
        model.Set(NamespacedName.Of(claimed), claimed);
        Assert.Equal("EndpointSlice ns/s: was Service ns/web's and is now Service ns/other's", lines.Written[^1]);
        Assert.Empty(Assert.Single(model.Take().Table.Services).Value.Endpoints.ByPort);

        static EndpointSlice Slice(string service) => new()
        {
            Metadata = new ObjectMeta { Namespace = "ns", Name = "s", Labels = new() { ["kubernetes.io/service-name"] = service } },
            AddressType = "IPv4",
            Ports = [new EndpointPort { Port = 8080 }, new EndpointPort { Name = "", Port = 9090 }],
            Endpoints = [Cluster.Endpoint("10.244.1.5 terminating serving"), Cluster.Endpoint("10.244.1.5")],
        };
    }

    [Fact]
    public void AServiceMayHaveThousandsOfEndpointsInManySlices()
    {
        var cluster = new Cluster().Service("web", "10.96.0.1", 80);
        for (var slice = 0; slice < 50; slice++)
        {
            cluster.Slice($"s{slice}", "web", "8080", [.. Enumerable.Range(1, 100).Select(pod => $"10.{244 + (slice / 25)}.{slice % 25}.{pod}")]);
        }

        Assert.Equal(5000, Assert.Single(Assert.Single(cluster.Plan().Services).Value.FrontEnds).Route.Endpoints.Length);
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

    private sealed class Lines : ILogger
    {
        internal List<string> Written { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Written.Add(formatter(state, exception));
    }
}
