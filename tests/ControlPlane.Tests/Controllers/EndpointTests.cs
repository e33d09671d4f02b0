using Dataplane.Api;
using Dataplane.Api.Client;
using static Dataplane.ControlPlane.Tests.Controllers.TestCluster;

namespace Dataplane.ControlPlane.Tests.Controllers;

public sealed class EndpointTests
{
    [Fact]
    public async Task Endpoints_and_slices_follow_the_pods()
    {
        await using var cluster = await StartAsync(nodes: 1);
        await cluster.Client.CreateAsync(Service("web"), cluster.Cancellation);
        await SlicesAsync(cluster, "placeholder", slice => slice.Endpoints.Count == 0);

        var pod = await cluster.Client.CreateAsync(
            new Pod { Metadata = new ObjectMeta { Name = "a", Namespace = "default", Labels = { ["app"] = "web" } }, Spec = Template("web").Spec }, cluster.Cancellation);
        await cluster.UntilAsync<Pod>("bound", pods => pods[0].Spec.NodeName == "node-1");
        await cluster.ReportAsync(pod, ready: false, "10.244.1.7");
        await SlicesAsync(cluster, "not ready", slice => slice.Endpoints is [{ Conditions: { Ready: false, Serving: false } }]);
        await cluster.ReportAsync(pod, ready: true, "10.244.1.7");
        var ready = await SlicesAsync(cluster, "ready", slice => slice.Endpoints is [{ Conditions: { Ready: true, Serving: true } }]);
        Assert.Equal(("10.244.1.7", "node-1", "a"), (ready.Endpoints[0].Addresses[0], ready.Endpoints[0].NodeName, ready.Endpoints[0].TargetRef?.Name));
        var legacy = await EndpointsAsync(cluster, endpoints => endpoints.Subsets is [{ Addresses: [{ IP: "10.244.1.7" }], NotReadyAddresses: [] }]);
        Assert.Equal(8080, legacy.Subsets[0].Ports[0].Port);

        await cluster.Client.DeleteAsync<Pod>(NamespacedName.Of(pod), cancellationToken: cluster.Cancellation);
        await SlicesAsync(cluster, "terminating", slice => slice.Endpoints is [{ Conditions: { Ready: false, Serving: true, Terminating: true } }]);
        await EndpointsAsync(cluster, endpoints => endpoints.Subsets.Count == 0);
        await cluster.Client.DeleteAsync<Pod>(NamespacedName.Of(pod), new DeleteOptions { GracePeriodSeconds = 0 }, cluster.Cancellation);
        await SlicesAsync(cluster, "gone", slice => slice.Endpoints.Count == 0);
    }

    [Fact]
    public async Task Both_go_with_their_service()
    {
        await using var cluster = await StartAsync();
        await cluster.Client.CreateAsync(Service("web"), cluster.Cancellation);
        await SlicesAsync(cluster, "placeholder", _ => true);
        await EndpointsAsync(cluster, _ => true);

        await cluster.Client.DeleteAsync<Service>(new NamespacedName("default", "web"), cancellationToken: cluster.Cancellation);

        await cluster.UntilAsync<EndpointSlice>("no slices", list => !list.Exists(IsOfWeb));
        await cluster.UntilAsync<Api.Endpoints>("no endpoints", list => !list.Exists(endpoints => endpoints.Metadata.Name == "web"));
    }

    [Fact]
    public async Task Without_a_selector_endpoints_are_the_users_own()
    {
        await using var cluster = await StartAsync();
        var service = Service("web");
        service.Spec.Selector.Clear();
        await cluster.Client.CreateAsync(service, cluster.Cancellation);
        var own = new EndpointSlice
        {
            Metadata = new ObjectMeta { Name = "mine", Namespace = "default", Labels = { ["kubernetes.io/service-name"] = "web" } },
            AddressType = "IPv4",
            Endpoints = [new Endpoint { Addresses = ["198.51.100.1"] }],
        };
        own = await cluster.Client.CreateAsync(own, cluster.Cancellation);
        await cluster.Client.CreateAsync(Service("other"), cluster.Cancellation);

        // When the later service has its slices, the earlier one has been looked at.
        var slices = await cluster.UntilAsync<EndpointSlice>("other's", list => list.Exists(slice => slice.Metadata.Labels["kubernetes.io/service-name"] == "other"));

        Assert.Equal(own.Metadata.ResourceVersion, Assert.Single(slices, IsOfWeb).Metadata.ResourceVersion);
    }

    private static bool IsOfWeb(EndpointSlice slice) => slice.Metadata.Labels.GetValueOrDefault("kubernetes.io/service-name") == "web";

    private static async Task<EndpointSlice> SlicesAsync(TestCluster cluster, string what, Func<EndpointSlice, bool> condition) =>
        (await cluster.UntilAsync<EndpointSlice>(what, list => list.Where(IsOfWeb).ToList() is [var slice] && condition(slice))).Single(IsOfWeb);

    private static async Task<Api.Endpoints> EndpointsAsync(TestCluster cluster, Func<Api.Endpoints, bool> condition) =>
        (await cluster.UntilAsync<Api.Endpoints>("endpoints", list => list.Exists(endpoints => endpoints.Metadata.Name == "web" && condition(endpoints))))
        .Single(endpoints => endpoints.Metadata.Name == "web");
}
