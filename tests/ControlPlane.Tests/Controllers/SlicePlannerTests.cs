using System.Globalization;
using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.EndpointSlices;

namespace Dataplane.ControlPlane.Tests.Controllers;

public sealed class SlicePlannerTests
{
    private static readonly Service Web = TestCluster.Service("web") with { Metadata = new ObjectMeta { Name = "web", Namespace = "default", UID = "web-uid", Labels = { ["team"] = "a" } } };

    public static TheoryData<string, Pod, bool, EndpointConditions?> Conditions => new()
    {
        { "ready", Pod(1), false, new EndpointConditions { Ready = true, Serving = true, Terminating = false } },
        { "not ready", Pod(1, ready: false), false, new EndpointConditions { Ready = false, Serving = false, Terminating = false } },
        { "not ready but published", Pod(1, ready: false), true, new EndpointConditions { Ready = true, Serving = false, Terminating = false } },
        { "terminating and serving", Pod(1, terminating: true), false, new EndpointConditions { Ready = false, Serving = true, Terminating = true } },
        { "terminating and not serving", Pod(1, ready: false, terminating: true), false, new EndpointConditions { Ready = false, Serving = false, Terminating = true } },
        { "ended", Pod(1, phase: "Succeeded"), false, null },
        { "failed", Pod(1, phase: "Failed"), false, null },
        { "without an address", Pod(1, address: null), false, null },
    };

    [Theory]
    [MemberData(nameof(Conditions))]
    public void A_pods_state_becomes_its_conditions(string state, Pod pod, bool publish, EndpointConditions? expected)
    {
        var service = Web with { Spec = Web.Spec with { PublishNotReadyAddresses = publish } };

        var slice = Assert.Single(Plan(service, [pod], []).Create);

        Assert.True(expected == slice.Endpoints.SingleOrDefault()?.Conditions, state);
    }

    [Fact]
    public void A_new_slice_carries_the_services_marks()
    {
        var plan = SlicePlanner.Plan(Web, [Pod(1)], [], Zone, "2026-01-01T00:00:00Z");

        var slice = Assert.Single(plan.Create);
        Assert.Equal("web-", slice.Metadata.GenerateName);
        Assert.Equal(
            ["endpointslice.kubernetes.io/managed-by=endpointslice-controller.k8s.io", "kubernetes.io/service-name=web", "team=a"],
            slice.Metadata.Labels.Select(label => $"{label.Key}={label.Value}").Order());
        Assert.Equal("2026-01-01T00:00:00Z", slice.Metadata.Annotations["endpoints.kubernetes.io/last-change-trigger-time"]);
        var owner = Assert.Single(slice.Metadata.OwnerReferences);
        Assert.Equal(("v1", "Service", "web", "web-uid", true, true), (owner.ApiVersion, owner.Kind, owner.Name, owner.UID, owner.Controller, owner.BlockOwnerDeletion));
        Assert.Equal("IPv4", slice.AddressType);
        var port = Assert.Single(slice.Ports);
        Assert.Equal(("web", "TCP", 8080), (port.Name, port.Protocol, port.Port));
        var endpoint = Assert.Single(slice.Endpoints);
        Assert.Equal(("10.0.0.1", "node-1", "zone-1", "pod-1"), (endpoint.Addresses[0], endpoint.NodeName, endpoint.Zone, endpoint.TargetRef?.UID));
    }

    [Fact]
    public void Headless_services_are_labelled_and_name_their_pods()
    {
        var service = Web with { Spec = Web.Spec with { ClusterIP = "None" } };
        var named = Pod(1);
        named.Spec.Hostname = "first";
        named.Spec.Subdomain = "web";
        var elsewhere = Pod(2);
        elsewhere.Spec.Hostname = "second";
        elsewhere.Spec.Subdomain = "other";

        var slice = Assert.Single(Plan(service, [named, elsewhere], []).Create);

        Assert.Equal("", slice.Metadata.Labels["service.kubernetes.io/headless"]);
        Assert.Equal(["first", null], slice.Endpoints.Select(endpoint => endpoint.Hostname));
    }

    [Fact]
    public void Named_ports_split_pods_into_slices()
    {
        var service = TestCluster.Service("web", targetPort: "http");
        var other = Pod(2);
        other.Spec.Containers[0].Ports[0].Port = 9090;
        var unnamed = Pod(3);
        unnamed.Spec.Containers[0].Ports.Clear();

        var plan = Plan(service, [Pod(1), other, unnamed], []);

        Assert.Equal([(8080, "10.0.0.1"), (9090, "10.0.0.2")], plan.Create.Select(slice => (slice.Ports[0].Port!.Value, slice.Endpoints.Single().Addresses[0])).Order());
    }

    [Fact]
    public void Both_families_get_slices()
    {
        var service = Web with { Spec = Web.Spec with { IPFamilies = ["IPv4", "IPv6"] } };
        var pod = Pod(1);
        pod.Status.PodIPs.Add(new PodIP { IP = "fd00::1" });

        var plan = Plan(service, [pod], []);

        Assert.Equal([("IPv4", "10.0.0.1"), ("IPv6", "fd00::1")], plan.Create.Select(slice => (slice.AddressType, slice.Endpoints.Single().Addresses[0])));
    }

    [Theory]
    [InlineData("PreferClose", "zone-1", null)]
    [InlineData("PreferSameZone", "zone-1", null)]
    [InlineData("PreferSameNode", "zone-1", "node-1")]
    [InlineData(null, null, null)]
    public void Traffic_distribution_becomes_hints(string? distribution, string? zone, string? node)
    {
        var service = Web with { Spec = Web.Spec with { TrafficDistribution = distribution } };

        var endpoints = Assert.Single(Plan(service, [Pod(1), Pod(2, ready: false)], []).Create).Endpoints;

        Assert.Equal(zone, endpoints[0].Hints?.ForZones.Single().Name);
        Assert.Equal(node, endpoints[0].Hints?.ForNodes.SingleOrDefault()?.Name);
        Assert.Null(endpoints[1].Hints);
    }

    [Fact]
    public void Without_endpoints_one_placeholder_stays()
    {
        var created = Plan(Web, [], []);
        Assert.Empty(Assert.Single(created.Create).Endpoints);

        var placeholder = Stored(created.Create[0], "s1");
        Assert.True(Plan(Web, [], [placeholder]).IsEmpty);

        var filled = Plan(Web, [Pod(1)], [placeholder]);
        Assert.Equal("s1", Assert.Single(filled.Update).Metadata.Name);
        Assert.Empty(filled.Create.Concat(filled.Delete));
    }

    [Fact]
    public void An_unchanged_service_is_not_written_and_one_changed_pod_writes_one_slice()
    {
        var pods = Enumerable.Range(1, 250).Select(i => Pod(i)).ToList();
        var slices = Plan(Web, pods, []).Create.Select((slice, index) => Stored(slice, $"s{index}")).ToList();
        Assert.Equal([100, 100, 50], slices.Select(slice => slice.Endpoints.Count));

        Assert.True(SlicePlanner.Plan(Web, pods, slices, Zone, "2026-01-01T00:00:00Z").IsEmpty);

        pods[120] = Pod(121, ready: false);
        var plan = Plan(Web, pods, slices);
        Assert.Equal("s1", Assert.Single(plan.Update).Metadata.Name);
        Assert.Empty(plan.Create);
        Assert.Empty(plan.Delete);
    }

    [Theory]
    [InlineData(0, 1, "update s2")]
    [InlineData(0, 50, "update s2")]
    [InlineData(0, 51, "create")]
    [InlineData(1, 1, "update s0")]
    [InlineData(1, 3, "update s0, update s2")]
    [InlineData(250, 0, "delete s1, delete s2, update s0")]
    public void Endpoints_are_packed_with_few_writes(int gone, int come, string expected)
    {
        var pods = Enumerable.Range(1, 250).Select(i => Pod(i)).ToList();
        var slices = Plan(Web, pods, []).Create.Select((slice, index) => Stored(slice, $"s{index}")).ToList();
        pods = [.. pods.Skip(gone), .. Enumerable.Range(1000, come).Select(i => Pod(i))];

        var plan = Plan(Web, pods, slices);

        var writes = plan.Create.Select(_ => "create")
            .Concat(plan.Update.Select(slice => $"update {slice.Metadata.Name}"))
            .Concat(plan.Delete.Select(slice => $"delete {slice.Metadata.Name}"));
        Assert.Equal(expected, string.Join(", ", writes.Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void Trigger_times_are_the_oldest_new_cause()
    {
        var triggers = new TriggerTimes();
        var service = Web with { Metadata = Web.Metadata with { CreationTimestamp = At(1) } };
        Assert.Equal("2026-01-01T00:00:01Z", triggers.Next(service, [Pod(1)]));
        Assert.Null(triggers.Next(service, [Pod(1)]));
        Assert.Equal("2026-01-01T00:00:05Z", triggers.Next(service, [Ready(Pod(1), At(9)), Ready(Pod(2), At(5))]));
    }

    private static DateTimeOffset At(int second) => new(2026, 1, 1, 0, 0, second, TimeSpan.Zero);

    private static Pod Ready(Pod pod, DateTimeOffset at)
    {
        pod.Status.Conditions[0].LastTransitionTime = at;
        return pod;
    }

    private static SlicePlan Plan(Service service, IReadOnlyCollection<Pod> pods, IReadOnlyCollection<EndpointSlice> slices) =>
        SlicePlanner.Plan(service, pods, slices, Zone, null);

    private static EndpointSlice Stored(EndpointSlice slice, string name) =>
        ApiJson.Clone(slice with { Metadata = slice.Metadata with { Name = name, GenerateName = null, UID = name, ResourceVersion = "1" } });

    private static Node Zone(string node) =>
        new() { Metadata = new ObjectMeta { Name = node, Labels = { ["topology.kubernetes.io/zone"] = node.Replace("node", "zone", StringComparison.Ordinal) } } };

    private static Pod Pod(int number, bool ready = true, bool terminating = false, string phase = "Running", string? address = "") => new()
    {
        Metadata = new ObjectMeta
        {
            Name = $"web-{number.ToString(CultureInfo.InvariantCulture)}",
            Namespace = "default",
            UID = $"pod-{number.ToString(CultureInfo.InvariantCulture)}",
            Labels = { ["app"] = "web" },
            DeletionTimestamp = terminating ? At(0) : null,
        },
        Spec = TestCluster.Template("web").Spec with { NodeName = "node-1" },
        Status = new PodStatus
        {
            Phase = phase,
            PodIPs = address is null ? [] : [new PodIP { IP = address.Length > 0 ? address : $"10.0.{number / 250}.{number % 250}" }],
            Conditions = [new PodCondition { Type = "Ready", Status = ready ? "True" : "False", LastTransitionTime = At(0) }],
        },
    };
}
