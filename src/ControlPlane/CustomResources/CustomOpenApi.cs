using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Discovery;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.CustomResources;

/// <summary>The schema of a custom resource as OpenAPI shows it: what its definition says, with the metadata of every object.</summary>
internal static class CustomOpenApi
{
    public static void Add(OpenApiSchemas schemas, CustomResource resource)
    {
        var names = resource.Names;
        var schema = (JsonObject)resource.Structure.Source.DeepClone();
        if (!resource.Structure.PreservesUnknownFields || resource.Structure.Properties.Count > 0)
        {
            var properties = schema.Ensure("properties");
            properties["apiVersion"] = new JsonObject { ["type"] = "string", ["description"] = OpenApiSchemas.ApiVersionText };
            properties["kind"] = new JsonObject { ["type"] = "string", ["description"] = OpenApiSchemas.KindText };
            properties["metadata"] = schemas.Message(SchemaTable.Kubernetes.Type("meta.ObjectMeta"));
        }

        schema["type"] = "object";
        schema["x-kubernetes-group-version-kind"] = new JsonArray(OpenApiSchemas.GroupVersionKind(names));
        var package = string.Join('.', names.Group.Split('.').Reverse());
        schemas.AddKind($"{package}.{names.Version}.{names.Kind}", $"{package}.{names.Version}.{names.ListKind}", schema, names);
    }
}
