using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Schema;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Machinery.Discovery;

/// <summary>OpenAPI v3, one document for each group-version, made from the schema tables when first asked for.</summary>
internal sealed class OpenApiDocuments(ResourceCatalog catalog)
{
    private readonly ConcurrentDictionary<(string Group, string Version), byte[]?> _documents = new();

    /// <summary>/openapi/v3: where the documents are. The hash lets clients keep them.</summary>
    public JsonObject Index()
    {
        var paths = new JsonObject();
        foreach (var (group, version) in catalog.All.Select(resource => (resource.Names.Group, resource.Names.Version)).Distinct())
        {
            var path = group.Length == 0 ? $"api/{version}" : $"apis/{group}/{version}";
            paths[path] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{path}?hash={KubernetesVersion.Git.GetHashCode(StringComparison.Ordinal) & 0xffff:x}" };
        }

        return new JsonObject { ["paths"] = paths };
    }

    /// <returns>Null for a group-version nobody serves.</returns>
    public byte[]? Document(string group, string version) => _documents.GetOrAdd((group, version), key => Build(key.Group, key.Version));

    private byte[]? Build(string group, string version)
    {
        var resources = catalog.All.Where(resource => resource.Names.Group == group && resource.Names.Version == version).ToList();
        if (resources.Count == 0)
        {
            return null;
        }

        var schemas = new OpenApiSchemas();
        var paths = new JsonObject();
        foreach (var descriptor in resources)
        {
            schemas.AddKind(descriptor.Schema, descriptor.Names);
            OpenApiPaths.Add(paths, descriptor);
        }

        schemas.AddType(SchemaTable.Kubernetes.Type("meta.DeleteOptions"));
        return ObjectJson.Encode(new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = KubernetesVersion.Git },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas.Document },
        });
    }
}
