using Dataplane.Api;
using Dataplane.Api.Client;
using static Dataplane.ControlPlane.Tests.Controllers.TestCluster;

namespace Dataplane.ControlPlane.Tests.Controllers;

public sealed class NamespaceTests
{
    [Fact]
    public async Task A_namespace_gets_its_service_account_and_is_emptied_when_deleted()
    {
        await using var cluster = await StartAsync(nodes: 1, kubelet: true);
        await cluster.Client.CreateAsync(new Namespace { Metadata = new ObjectMeta { Name = "shop" } }, cluster.Cancellation);
        await InShopAsync<ServiceAccount>(cluster, list => list.Exists(account => account.Metadata.Name == "default"));
        var deployment = Deployment("web", 2);
        deployment.Metadata.Namespace = "shop";
        await cluster.Client.CreateAsync(deployment, cluster.Cancellation);
        await cluster.Client.CreateAsync(new ConfigMap { Metadata = new ObjectMeta { Name = "settings", Namespace = "shop" } }, cluster.Cancellation);
        await InShopAsync<Pod>(cluster, list => list.Count == 2 && list.TrueForAll(pod => pod.Status.Phase == "Running"));

        await cluster.Client.DeleteAsync<Namespace>(new NamespacedName("", "shop"), cancellationToken: cluster.Cancellation);

        await cluster.UntilAsync<Namespace>("no shop", list => !list.Exists(ns => ns.Metadata.Name == "shop"));
        Assert.Empty((await cluster.Client.ListAsync<Pod>(new ListOptions { Namespace = "shop" }, cluster.Cancellation)).Items);
        Assert.Empty((await cluster.Client.ListAsync<ConfigMap>(new ListOptions { Namespace = "shop" }, cluster.Cancellation)).Items);
    }

    [Fact]
    public async Task Foreground_deletion_waits_for_the_dependents()
    {
        await using var cluster = await StartAsync(nodes: 1);
        await cluster.Client.CreateAsync(Deployment("web", 1), cluster.Cancellation);
        var pods = await cluster.UntilAsync<Pod>("bound", list => list.Count == 1 && list[0].Spec.NodeName == "node-1");

        await cluster.Client.DeleteAsync<Deployment>(new NamespacedName("default", "web"), new DeleteOptions { PropagationPolicy = "Foreground" }, cluster.Cancellation);

        // The pod ends in its own time; until then its owners stay.
        await cluster.UntilAsync<Pod>("asked to end", list => list.Exists(pod => pod.Metadata.UID == pods[0].Metadata.UID && pod.Metadata.DeletionTimestamp is not null));
        Assert.Contains("foregroundDeletion", Assert.Single(await cluster.ListAsync<Deployment>()).Metadata.Finalizers);
        await cluster.Client.DeleteAsync<Pod>(NamespacedName.Of(pods[0]), new DeleteOptions { GracePeriodSeconds = 0 }, cluster.Cancellation);
        await cluster.UntilAsync<ReplicaSet>("no replica set", list => list.Count == 0);
        await cluster.UntilAsync<Deployment>("no deployment", list => list.Count == 0);
    }

    [Fact]
    public async Task A_dependent_of_two_owners_stays_with_the_second()
    {
        await using var cluster = await StartAsync();
        var first = await cluster.Client.CreateAsync(new ConfigMap { Metadata = new ObjectMeta { Name = "first", Namespace = "default" } }, cluster.Cancellation);
        var second = await cluster.Client.CreateAsync(new ConfigMap { Metadata = new ObjectMeta { Name = "second", Namespace = "default" } }, cluster.Cancellation);
        OwnerReference Owner(ConfigMap map) => new() { ApiVersion = "v1", Kind = "ConfigMap", Name = map.Metadata.Name, UID = map.Metadata.UID };
        await cluster.Client.CreateAsync(new Secret { Metadata = new ObjectMeta { Name = "shared", Namespace = "default", OwnerReferences = [Owner(first), Owner(second)] } }, cluster.Cancellation);
        await cluster.Client.CreateAsync(new Secret { Metadata = new ObjectMeta { Name = "own", Namespace = "default", OwnerReferences = [Owner(first)] } }, cluster.Cancellation);

        await cluster.Client.DeleteAsync<ConfigMap>(NamespacedName.Of(first), cancellationToken: cluster.Cancellation);
        await cluster.UntilAsync<Secret>("one secret", list => list.Count == 1);
        Assert.Equal("shared", Assert.Single(await cluster.ListAsync<Secret>()).Metadata.Name);

        await cluster.Client.DeleteAsync<ConfigMap>(NamespacedName.Of(second), cancellationToken: cluster.Cancellation);
        await cluster.UntilAsync<Secret>("no secret", list => list.Count == 0);
    }

    [Theory]
    [InlineData("/apis/networking.k8s.io/v1/namespaces/default/ingresses", "Ingress", "spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}")]
    [InlineData("/apis/networking.k8s.io/v1/namespaces/default/networkpolicies", "NetworkPolicy", "spec: {podSelector: {}}")]
    [InlineData("/apis/policy/v1/namespaces/default/poddisruptionbudgets", "PodDisruptionBudget", "spec: {minAvailable: 1, selector: {matchLabels: {a: b}}}")]
    [InlineData("/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles", "Role", "rules: []")]
    [InlineData("/api/v1/namespaces/default/resourcequotas", "ResourceQuota", "spec: {hard: {pods: 9}}")]
    [InlineData("/apis/storage.k8s.io/v1/csinodes", "CSINode", "spec: {drivers: []}")]
    public async Task A_dependent_of_any_kind_goes_with_its_owner(string path, string kind, string content)
    {
        await using var cluster = await StartAsync();
        var node = await cluster.AddNodeAsync("node-1");
        var type = new ResourceType(path.Split('/') is ["", "apis", var group, ..] ? group : "", "v1", kind, path[(path.LastIndexOf('/') + 1)..], Namespaced: kind != "CSINode");
        await cluster.Client.CreateYamlAsync(
            type,
            "default",
            $"apiVersion: {type.ApiVersion}\nkind: {kind}\nmetadata:\n  name: own\n  ownerReferences: [{{apiVersion: v1, kind: Node, name: node-1, uid: {node.Metadata.UID}}}]\n{content}\n",
            cluster.Cancellation);

        await cluster.Client.DeleteAsync<Node>(new NamespacedName("", "node-1"), cancellationToken: cluster.Cancellation);

        while ((await cluster.Client.ListMetadataAsync(type, cancellationToken: cluster.Cancellation)).Items.Count > 0)
        {
            await Task.Delay(50, cluster.Cancellation);
        }
    }

    private static async Task InShopAsync<T>(TestCluster cluster, Func<List<T>, bool> condition)
        where T : class, IResource<T>
    {
        var list = await cluster.Client.ListAsync<T>(new ListOptions { Namespace = "shop" }, cluster.Cancellation);
        var objects = list.Items.ToDictionary(obj => obj.Metadata.UID);
        if (condition([.. objects.Values]))
        {
            return;
        }

        var watch = new WatchOptions { Namespace = "shop", ResourceVersion = list.Metadata.ResourceVersion, AllowBookmarks = false };
        await foreach (var change in cluster.Client.WatchAsync<T>(watch, cluster.Cancellation))
        {
            objects[change.Object.Metadata.UID] = change.Object;
            if (condition([.. objects.Values]))
            {
                return;
            }
        }
    }
}
