using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.EndpointMirroring;

namespace Dataplane.ControlPlane.Tests.Controllers;

public sealed class MirrorTests
{
    [Fact]
    public async Task Endpoints_written_by_hand_get_slices()
    {
        await using var cluster = await TestCluster.StartAsync();
        var service = TestCluster.Service("db");
        service.Spec.Selector.Clear();
        await cluster.Client.CreateAsync(service, cluster.Cancellation);
        var endpoints = await cluster.Client.CreateAsync(Endpoints("db", "10.0.0.1", "fd00::1"), cluster.Cancellation);

        var slices = await cluster.UntilAsync<EndpointSlice>("mirrored", list => Mirrored(list).Count == 2);
        var four = Mirrored(slices).Find(slice => slice.AddressType == "IPv4")!;
        Assert.Equal("db", four.Metadata.Labels["kubernetes.io/service-name"]);
        Assert.Equal(("Endpoints", "db"), (four.Metadata.OwnerReferences[0].Kind, four.Metadata.OwnerReferences[0].Name));
        Assert.Equal(("10.0.0.1", 5432), (four.Endpoints[0].Addresses[0], four.Ports[0].Port));

        endpoints.Subsets[0].Addresses[0].IP = "10.0.0.9";
        endpoints = await cluster.Client.UpdateAsync(endpoints, cancellationToken: cluster.Cancellation);
        slices = await cluster.UntilAsync<EndpointSlice>("followed", list => Mirrored(list).Exists(slice => slice.Endpoints[0].Addresses[0] == "10.0.0.9"));
        Assert.Contains(Mirrored(slices), slice => slice.Metadata.UID == four.Metadata.UID);

        endpoints.Metadata.Labels["endpointslice.kubernetes.io/skip-mirror"] = "true";
        await cluster.Client.UpdateAsync(endpoints, cancellationToken: cluster.Cancellation);
        await cluster.UntilAsync<EndpointSlice>("no mirror", list => Mirrored(list).Count == 0);
    }

    [Fact]
    public void What_is_not_mirrored()
    {
        var service = TestCluster.Service("db");
        Assert.False(MirrorPlanner.IsMirrored(Endpoints("db", "10.0.0.1"), service));
        service.Spec.Selector.Clear();
        Assert.True(MirrorPlanner.IsMirrored(Endpoints("db", "10.0.0.1"), service));
        Assert.False(MirrorPlanner.IsMirrored(Endpoints("db", "10.0.0.1"), null));
        var leader = Endpoints("db", "10.0.0.1");
        leader.Metadata.Annotations["control-plane.alpha.kubernetes.io/leader"] = "{}";
        Assert.False(MirrorPlanner.IsMirrored(leader, service));
    }

    [Fact]
    public void Slices_are_written_again_rather_than_made_anew()
    {
        var before = Endpoints("db", "10.0.0.1");
        var slice = Assert.Single(MirrorPlanner.Plan(before, []).Create) with { Metadata = new ObjectMeta { Name = "db-x", UID = "u" } };
        var after = Endpoints("db", "10.0.0.1");
        after.Subsets[0].Ports[0].Port = 5433;
        after.Subsets[0].NotReadyAddresses = [new EndpointAddress { IP = "10.0.0.2" }];

        var plan = MirrorPlanner.Plan(after, [slice]);

        Assert.Empty(plan.Create);
        Assert.Empty(plan.Delete);
        var updated = Assert.Single(plan.Update);
        Assert.Equal(("db-x", 5433), (updated.Metadata.Name, updated.Ports[0].Port));
        Assert.Equal([true, false], updated.Endpoints.Select(endpoint => endpoint.Conditions.Ready!.Value));
        Assert.True(MirrorPlanner.Plan(after, [updated]).IsEmpty);
        var none = Endpoints("db");
        Assert.Equal("db-x", Assert.Single(MirrorPlanner.Plan(none, [updated]).Delete).Metadata.Name);
        Assert.Equal(1000, Assert.Single(MirrorPlanner.Plan(Endpoints("db", [.. Enumerable.Range(0, 1200).Select(i => $"10.1.{i / 250}.{i % 250}")]), []).Create).Endpoints.Count);
    }

    private static List<EndpointSlice> Mirrored(List<EndpointSlice> slices) =>
        slices.FindAll(slice => slice.Metadata.Labels.GetValueOrDefault("endpointslice.kubernetes.io/managed-by") == "endpointslicemirroring-controller.k8s.io");

    private static Endpoints Endpoints(string name, params string[] addresses) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default" },
        Subsets =
        [
            new EndpointSubset { Addresses = [.. addresses.Select(address => new EndpointAddress { IP = address })], Ports = [new CoreEndpointPort { Name = "sql", Port = 5432 }] },
        ],
    };
}
