using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Tests.Http;

namespace Dataplane.ControlPlane.Tests.Controllers;

public sealed class NamespaceDeletionTests
{
    private const string Shop = "/api/v1/namespaces/shop";

    [Fact]
    public async Task What_still_holds_a_namespace_is_told_in_its_conditions()
    {
        await using var server = await RawServer.StartAsync();
        await server.CreateYamlAsync("/api/v1/namespaces", "metadata: {name: shop}");
        await server.CreateYamlAsync($"{Shop}/configmaps", "metadata: {name: kept, finalizers: [example.com/keep]}");
        await server.CreateYamlAsync($"{Shop}/secrets", "metadata: {name: plain}");
        await server.DeleteAsync(Shop);

        var held = await server.UntilAsync(Shop, ns => (string?)Condition(ns, "NamespaceContentRemaining")?["status"] == "True");

        Assert.Equal("Terminating", (string)held["status"]!["phase"]!);
        Assert.Equal("Some resources are remaining: configmaps. has 1 resource instances", (string)Condition(held, "NamespaceContentRemaining")!["message"]!);
        Assert.Equal(
            "Some content in the namespace has finalizers remaining: example.com/keep in 1 resource instances", (string)Condition(held, "NamespaceFinalizersRemaining")!["message"]!);
        Assert.Equal(
            ["NamespaceContentRemaining", "NamespaceDeletionContentFailure", "NamespaceDeletionDiscoveryFailure", "NamespaceDeletionGroupVersionParsingFailure", "NamespaceFinalizersRemaining"],
            held["status"]!["conditions"]!.AsArray().Select(condition => (string)condition!["type"]!).Order(StringComparer.Ordinal));
        Assert.Equal("ResourcesDiscovered", (string)Condition(held, "NamespaceDeletionDiscoveryFailure")!["reason"]!);
        var (code, refusal) = await server.TryCreateAsync($"{Shop}/configmaps", "metadata: {name: late}");
        Assert.Equal((403, "NamespaceTerminating"), (code, (string)refusal["details"]!["causes"]![0]!["reason"]!));

        await server.PatchAsync($"{Shop}/configmaps/kept", """{"metadata":{"finalizers":null}}""");
        await server.UntilAsync(Shop, ns => ns.Count == 0);
    }

    [Fact]
    public async Task Pods_end_before_anything_else_goes()
    {
        await using var server = await RawServer.StartAsync();
        await server.CreateYamlAsync("/api/v1/namespaces", "metadata: {name: shop}");
        await server.CreateYamlAsync("/api/v1/nodes", "metadata: {name: n}");
        await server.CreateYamlAsync($"{Shop}/pods", "metadata: {name: p}\nspec: {nodeName: n, containers: [{name: c, image: i}]}");
        await server.CreateYamlAsync($"{Shop}/configmaps", "metadata: {name: settings}");
        await server.DeleteAsync(Shop);

        await server.UntilAsync(Shop, ns => (string?)Condition(ns, "NamespaceContentRemaining")?["message"] == "Some resources are remaining: pods. has 1 resource instances");
        Assert.Null((await server.GetAsync($"{Shop}/configmaps/settings"))["metadata"]!["deletionTimestamp"]);

        using var ended = await server.SendAsync(HttpMethod.Delete, $"{Shop}/pods/p", body: """{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0}""");
        Assert.True(ended.IsSuccessStatusCode);
        await server.UntilAsync(Shop, ns => ns.Count == 0);
    }

    private static JsonObject? Condition(JsonObject ns, string type) =>
        (ns["status"]?["conditions"] as JsonArray)?.OfType<JsonObject>().FirstOrDefault(condition => (string)condition["type"]! == type);
}
