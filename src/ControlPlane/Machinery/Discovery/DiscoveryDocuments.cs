using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Machinery.Discovery;

/// <summary>What the server serves, in the legacy form (one document for each group-version) and the aggregated one.</summary>
internal sealed class DiscoveryDocuments(ResourceCatalog catalog)
{
    public const string AggregatedV2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    public const string AggregatedV2Beta1 = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

    private static readonly string[] AllVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    private static readonly string[] SubresourceVerbs = ["get", "patch", "update"];

    private IEnumerable<string> Groups => catalog.All.Select(resource => resource.Names.Group).Distinct().Where(group => group.Length > 0);

    public static JsonObject ApiVersions(string serverAddress) => new()
    {
        ["kind"] = "APIVersions",
        ["versions"] = new JsonArray("v1"),
        ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = serverAddress }),
    };

    public JsonObject ApiGroupList() => new()
    {
        ["kind"] = "APIGroupList",
        ["apiVersion"] = "v1",
        ["groups"] = new JsonArray([.. Groups.Select(Group)]),
    };

    /// <returns>Null for a group nobody serves.</returns>
    public JsonObject? ApiGroup(string group)
    {
        if (!Groups.Contains(group))
        {
            return null;
        }

        var document = new JsonObject { ["kind"] = "APIGroup", ["apiVersion"] = "v1" };
        foreach (var (name, value) in Group(group))
        {
            document[name] = value?.DeepClone();
        }

        return document;
    }

    /// <returns>Null for a group-version nobody serves.</returns>
    public JsonObject? ApiResourceList(string group, string version)
    {
        var resources = new JsonArray();
        foreach (var descriptor in Of(group, version))
        {
            var names = descriptor.Names;
            var main = Resource(names.Plural, names.Singular, names.Namespaced, names.Kind, Verbs(descriptor));
            if (names.ShortNames.Count > 0)
            {
                main["shortNames"] = Strings(names.ShortNames);
            }

            if (names.Categories.Count > 0)
            {
                main["categories"] = Strings(names.Categories);
            }

            if (!descriptor.IsReview && descriptor.Computed is null)
            {
                main["storageVersionHash"] = StorageVersionHash(descriptor);
            }

            resources.Add(main);
            foreach (var sub in Subresources(descriptor))
            {
                var entry = Resource($"{names.Plural}/{sub.Name}", "", names.Namespaced, sub.Kind, sub.Verbs);
                if (sub.Group != group || sub.Version != version)
                {
                    entry["group"] = sub.Group;
                    entry["version"] = sub.Version;
                }

                resources.Add(entry);
            }
        }

        if (resources.Count == 0)
        {
            return null;
        }

        // Upstream's list of the core group has no apiVersion, the others have.
        var list = new JsonObject { ["kind"] = "APIResourceList" };
        if (group.Length > 0)
        {
            list["apiVersion"] = "v1";
        }

        list["groupVersion"] = group.Length == 0 ? version : $"{group}/{version}";
        list["resources"] = resources;
        return list;
    }

    /// <param name="core">/api (the core group) or /apis (all others).</param>
    /// <param name="version">v2 or v2beta1 of apidiscovery.k8s.io; the documents are alike.</param>
    public JsonObject Aggregated(bool core, string version)
    {
        var items = new JsonArray();
        foreach (var group in core ? [""] : Groups)
        {
            var metadata = new JsonObject();
            if (group.Length > 0)
            {
                metadata["name"] = group;
            }

            metadata["creationTimestamp"] = null;
            items.Add(new JsonObject
            {
                ["metadata"] = metadata,
                ["versions"] = new JsonArray([.. Versions(group).Select(served => new JsonObject
                {
                    ["version"] = served,
                    ["resources"] = new JsonArray([.. Of(group, served).Select(AggregatedResource)]),
                    ["freshness"] = "Current",
                })]),
            });
        }

        return new JsonObject
        {
            ["kind"] = "APIGroupDiscoveryList",
            ["apiVersion"] = $"apidiscovery.k8s.io/{version}",
            ["metadata"] = new JsonObject(),
            ["items"] = items,
        };
    }

    /// <summary>Tells clients when objects are stored in another version. Source: apiserver's discovery package.</summary>
    private static string StorageVersionHash(ResourceDescriptor descriptor)
    {
        var names = descriptor.Names;
        var version = descriptor.StoredApiVersion[(descriptor.StoredApiVersion.IndexOf('/', StringComparison.Ordinal) + 1)..];
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{names.Group}/{version}/{names.Kind}"));
        return Convert.ToBase64String(hash.AsSpan(0, 8));
    }

    private static JsonObject AggregatedResource(ResourceDescriptor descriptor)
    {
        var names = descriptor.Names;
        var resource = new JsonObject
        {
            ["resource"] = names.Plural,
            ["responseKind"] = ResponseKind(names.Group, names.Version, names.Kind),
            ["scope"] = names.Namespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = names.Singular,
            ["verbs"] = Strings(Verbs(descriptor)),
        };
        if (names.ShortNames.Count > 0)
        {
            resource["shortNames"] = Strings(names.ShortNames);
        }

        if (names.Categories.Count > 0)
        {
            resource["categories"] = Strings(names.Categories);
        }

        var subresources = Subresources(descriptor).Select(sub => (JsonNode)new JsonObject
        {
            ["subresource"] = sub.Name,
            ["responseKind"] = ResponseKind(sub.Group, sub.Version, sub.Kind),
            ["verbs"] = Strings(sub.Verbs),
        }).ToArray();
        if (subresources.Length > 0)
        {
            resource["subresources"] = new JsonArray(subresources);
        }

        return resource;
    }

    private static IEnumerable<Subresource> Subresources(ResourceDescriptor descriptor)
    {
        var names = descriptor.Names;
        if (descriptor.HasStatus)
        {
            yield return new Subresource("status", names.Group, names.Version, names.Kind, SubresourceVerbs);
        }

        if (descriptor.HasScale)
        {
            yield return new Subresource("scale", "autoscaling", "v1", "Scale", SubresourceVerbs);
        }

        foreach (var sub in descriptor.Subresources)
        {
            yield return sub;
        }
    }

    private static IReadOnlyList<string> Verbs(ResourceDescriptor descriptor) => descriptor switch
    {
        { IsReview: true } => ["create"],
        { Computed: not null } => ["get", "list"],
        { DeletesCollections: false } => [.. AllVerbs.Where(verb => verb != "deletecollection")],
        _ => AllVerbs,
    };

    private static JsonObject ResponseKind(string group, string version, string kind) =>
        new() { ["group"] = group, ["version"] = version, ["kind"] = kind };

    private static JsonObject Resource(string name, string singular, bool namespaced, string kind, IReadOnlyList<string> verbs) => new()
    {
        ["name"] = name,
        ["singularName"] = singular,
        ["namespaced"] = namespaced,
        ["kind"] = kind,
        ["verbs"] = Strings(verbs),
    };

    private JsonObject Group(string group)
    {
        var versions = Versions(group).Select(version => (JsonNode)GroupVersion(group, version)).ToArray();
        return new JsonObject
        {
            ["name"] = group,
            ["versions"] = new JsonArray(versions),
            ["preferredVersion"] = versions[0].DeepClone(),
        };
    }

    private static JsonObject GroupVersion(string group, string version) =>
        new() { ["groupVersion"] = $"{group}/{version}", ["version"] = version };

    private IEnumerable<string> Versions(string group) =>
        catalog.All.Where(resource => resource.Names.Group == group).Select(resource => resource.Names.Version).Distinct();

    private IEnumerable<ResourceDescriptor> Of(string group, string version) =>
        catalog.All.Where(resource => resource.Names.Group == group && resource.Names.Version == version);

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(value => JsonValue.Create(value))]);
}
