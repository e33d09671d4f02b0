using System.Collections.Immutable;
using Dataplane.Api;
using Dataplane.Proxy.Nftables;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Tests.Nftables;

public class LoadOrderTests
{
    [Fact]
    public void WhatANodeNeedsGoesFirstAndSmallBeforeLarge()
    {
        var plan = Plan(
            Service("shop", "large", 3000), Service("shop", "small", 1), Service("shop", "checked", 500, healthCheck: true),
            Service("kube-system", "kube-dns", 100), Service("default", "kubernetes", 3));

        Assert.Equal(
            ["default/kubernetes", "kube-system/kube-dns", "shop/checked", "shop/small", "shop/large"],
            LoadOrder.Pieces(plan).SelectMany(piece => piece).Select(change => change.Name.ToString()));
    }

    [Fact]
    public void WhatClientsAreConnectedToGoesBeforeTheRestAndInATransactionOfItsOwn()
    {
        var plan = Plan(
            Service("shop", "small", 1, address: "10.96.0.2"), Service("shop", "large", 300, address: "10.96.0.3"), Service("shop", "checked", 5, healthCheck: true, address: "10.96.0.4"));
        var inUse = FrontEnd.At(System.Net.IPAddress.Parse("10.96.0.3"), TransportProtocol.Tcp, 80);

        Assert.Equal(
            ["shop/checked", "shop/large", "shop/small"],
            LoadOrder.Pieces(plan, () => new HashSet<FrontEnd> { inUse }).Select(piece => Assert.Single(piece).Name.ToString()));
        Assert.Equal("shop/large", Proxy.Iptables.Nft.FullWriter.InOrder(plan, new HashSet<FrontEnd> { inUse }).First().Name.ToString());
    }

    [Fact]
    public void NoPieceGrowsWithTheCluster()
    {
        var plan = Plan([.. Enumerable.Range(0, 1000).Select(index => Service("ns", $"s{index}", 20)), Service("ns", "huge", 5000)]);
        var pieces = LoadOrder.Pieces(plan).ToList();

        Assert.Equal(1001, pieces.Sum(piece => piece.Count));
        Assert.All(pieces, piece => Assert.True(piece.Count == 1 || piece.Sum(Elements) <= LoadOrder.MostElements));
        Assert.InRange(pieces.Count, 11, 20);
    }

    private static int Elements(ServiceChange change) => change.After!.FrontEnds.Sum(frontEnd => frontEnd.Route.Endpoints.Length);

    private static ForwardingPlan Plan(params ServicePlan[] services) => new() { Services = services.ToDictionary(service => service.Name).ToImmutableDictionary() };

    private static ServicePlan Service(string ns, string name, int endpoints, bool healthCheck = false, string address = "10.96.0.1")
    {
        var service = new NamespacedName(ns, name);
        var plan = new FrontEndPlan
        {
            FrontEnd = FrontEnd.At(System.Net.IPAddress.Parse(address), TransportProtocol.Tcp, 80),
            Kind = FrontEndKind.ClusterIP,
            ServicePort = new ServicePortName(service, "", TransportProtocol.Tcp),
            Route = new Route(
                RouteAction.Forward, [.. Enumerable.Repeat(new EndpointTarget(System.Net.IPAddress.Parse("10.244.1.5"), 8080, false), endpoints)], MasqueradePolicy.Never),
        };
        return new ServicePlan(service, [plan], healthCheck ? new HealthCheckPlan(new NodePort(32000), 1) : null);
    }
}
