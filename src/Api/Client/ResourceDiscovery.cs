using System.Text.Json;

namespace Dataplane.Api.Client;

/// <summary>What a server serves: the aggregated discovery documents (apidiscovery.k8s.io/v2), read.</summary>
public static class ResourceDiscovery
{
    private const string Accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

    /// <summary>All resources that can be listed, watched and deleted, in every version, a group's preferred version first.</summary>
    /// <exception cref="ApiException">The server refused.</exception>
    public static async Task<IReadOnlyList<ResourceType>> AllAsync(KubernetesClient client, CancellationToken cancellationToken = default)
    {
        var all = new List<ResourceType>();
        foreach (var root in new[] { "api", "apis" })
        {
            using var document = await client.GetDocumentAsync(root, Accept, cancellationToken).ConfigureAwait(false);
            all.AddRange(Items(document.RootElement, "items").SelectMany(Read));
        }

        return all;
    }

    private static IEnumerable<ResourceType> Read(JsonElement served) =>
        from version in Items(served, "versions")
        from resource in Items(version, "resources")
        let verbs = Items(resource, "verbs").Select(verb => verb.GetString()).ToHashSet()
        where verbs.Contains("list") && verbs.Contains("watch") && verbs.Contains("delete")
        let kind = resource.GetProperty("responseKind")
        select new ResourceType(
            Text(kind, "group"), Text(version, "version"), Text(kind, "kind"), Text(resource, "resource"), Text(resource, "scope") == "Namespaced");

    private static IEnumerable<JsonElement> Items(JsonElement element, string name) =>
        element.TryGetProperty(name, out var items) && items.ValueKind == JsonValueKind.Array ? items.EnumerateArray() : [];

    private static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var text) ? text.GetString() ?? "" : "";
}
