using Dataplane.Api;
using Dataplane.Dns.Zones;

namespace Dataplane.Dns.Tests.Zones;

public sealed class ZoneStateTests
{
    private static readonly NamespacedName Db = new("default", "db");
    private static readonly DateTimeOffset Later = DateTimeOffset.FromUnixTimeSeconds(2_000_000_000);

    private readonly ZoneState _state = new(new ZoneOptions { Zone = new ZoneNames("cluster.local") });
    private readonly ZoneSnapshot _before;

    public ZoneStateTests()
    {
        _state.SetService(Db, Service(80));
        _state.SetSlice(new NamespacedName("default", "db-a"), Slice("10.244.0.1"));
        _before = _state.Commit(DateTimeOffset.FromUnixTimeSeconds(1_900_000_000), synced: true);
    }

    /// <summary>Statuses and annotations change all the time; secondaries and caches go by the serial.</summary>
    [Fact]
    public void ChangesOfNothingThatNamesAreMadeOfLeaveTheZoneAsItIs()
    {
        _state.SetService(Db, Service(80));
        _state.SetSlice(new NamespacedName("default", "db-a"), Slice("10.244.0.1"));
        var after = _state.Commit(Later, synced: true);
        Assert.Same(_before.Services, after.Services);
        Assert.Equal(_before.Serial, after.Serial);
    }

    [Theory]
    [InlineData(true, "10.244.0.1")]
    [InlineData(false, "10.244.0.2")]
    public void AnyOtherChangeIsOneOfTheZone(bool external, string endpoint)
    {
        _state.SetService(Db, external ? ServiceShape.Of(new Service { Metadata = new() { Namespace = "default", Name = "db" }, Spec = new() { Type = "ExternalName", ExternalName = "db.test" } }) : Service(80));
        _state.SetSlice(new NamespacedName("default", "db-a"), Slice(endpoint));
        var after = _state.Commit(Later, synced: true);
        Assert.NotSame(_before.Services, after.Services);
        Assert.Equal(2_000_000_000u, after.Serial);
    }

    private static ServiceShape Service(int port) => ServiceShape.Of(new Service
    {
        Metadata = new() { Namespace = "default", Name = "db" },
        Spec = new() { ClusterIP = "None", ClusterIPs = ["None"], Ports = [new ServicePort { Name = "pg", Port = port }] },
    });

    private static SliceShape Slice(string address) => SliceShape.Of(new EndpointSlice
    {
        Metadata = new() { Namespace = "default", Name = "db-a", Labels = { ["kubernetes.io/service-name"] = "db" } },
        AddressType = "IPv4",
        Ports = [new EndpointPort { Name = "pg", Protocol = "TCP", Port = 5432 }],
        Endpoints = [new Endpoint { Addresses = [address], Hostname = "db-0" }],
    });
}
