using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.ControlPlane.CustomResources;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Schema;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Machinery.Discovery;

/// <summary>
/// OpenAPI v3, one document for each group-version, made from the schema tables and the definitions when first asked for, and kept
/// compressed: clients ask once and cache by hash.
/// </summary>
internal sealed class OpenApiDocuments(ResourceCatalog catalog)
{
    private readonly ConcurrentDictionary<(string Group, string Version), OpenApiDocument> _documents = new();
    private volatile OpenApiDocument? _merged;

    /// <summary>/openapi/v3: where the documents are. The hash lets clients keep them.</summary>
    public JsonObject Index()
    {
        var paths = new JsonObject();
        foreach (var (group, version) in catalog.All.Select(resource => (resource.Names.Group, resource.Names.Version)).Distinct())
        {
            var path = group.Length == 0 ? $"api/{version}" : $"apis/{group}/{version}";
            paths[path] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{path}?hash={Find(group, version)!.Hash}" };
        }

        return new JsonObject { ["paths"] = paths };
    }

    /// <returns>Null for a group-version nobody serves.</returns>
    public OpenApiDocument? Find(string group, string version)
    {
        var resources = catalog.All.Where(resource => resource.Names.Group == group && resource.Names.Version == version).ToArray();
        if (resources.Length == 0)
        {
            return null;
        }

        if (_documents.TryGetValue((group, version), out var known) && known.Resources.SequenceEqual(resources))
        {
            return known;
        }

        return _documents[(group, version)] = new OpenApiDocument(resources, Hash(group, version, resources), () => Build(resources));
    }

    /// <summary>/openapi/v2: everything in one document, as JSON; <see cref="OpenApiV2Protobuf"/> makes what old clients read of it.</summary>
    public OpenApiDocument Merged()
    {
        var resources = catalog.All;
        if (_merged is { } known && ReferenceEquals(known.Resources, resources))
        {
            return known;
        }

        var versions = resources.Select(resource => (resource.Names.Group, resource.Names.Version)).Distinct();
        var documents = versions.Select(key => Find(key.Group, key.Version)!).ToArray();
        var hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(' ', documents.Select(document => document.Hash)))));
        return _merged = new OpenApiDocument(
            resources, hash, () => OpenApiV2.Merge(documents.Select(document => ObjectJson.Decode(document.Json()))));
    }

    // What is built in changes with the program, what is defined with its definition.
    private static string Hash(string group, string version, IEnumerable<ResourceDescriptor> resources)
    {
        var text = new StringBuilder($"{typeof(OpenApiDocuments).Module.ModuleVersionId} {KubernetesVersion.Git} {group}/{version}");
        foreach (var custom in resources.OfType<CustomResource>())
        {
            text.Append('\n').Append(custom.Signature);
        }

        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static JsonObject Build(IReadOnlyList<ResourceDescriptor> resources)
    {
        var schemas = new OpenApiSchemas(SchemaDescriptions.Load());
        var paths = new JsonObject();
        foreach (var descriptor in resources)
        {
            if (descriptor is CustomResource custom)
            {
                CustomOpenApi.Add(schemas, custom);
            }
            else
            {
                schemas.AddKind(descriptor.Schema, descriptor.Names);
            }

            OpenApiPaths.Add(paths, descriptor);
        }

        schemas.AddType(SchemaTable.Kubernetes.Type("meta.DeleteOptions"));
        return new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = KubernetesVersion.Git },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas.Document },
        };
    }
}
