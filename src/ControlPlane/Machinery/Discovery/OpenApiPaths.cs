using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Http;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Machinery.Discovery;

/// <summary>The paths of one kind. kubectl looks for a patch operation with fieldValidation to know that the server validates.</summary>
internal static class OpenApiPaths
{
    public static void Add(JsonObject paths, ResourceDescriptor descriptor)
    {
        var names = descriptor.Names;
        var root = names.Group.Length == 0 ? $"/api/{names.Version}" : $"/apis/{names.Group}/{names.Version}";
        var collection = names.Namespaced ? $"{root}/namespaces/{{namespace}}/{names.Plural}" : $"{root}/{names.Plural}";
        if (descriptor.Computed is not null)
        {
            paths[collection] = new JsonObject { ["get"] = Operation("list", names) };
            paths[$"{collection}/{{name}}"] = new JsonObject { ["get"] = Operation("get", names) };
            return;
        }

        paths[collection] = new JsonObject
        {
            ["get"] = Operation("list", names),
            ["post"] = Operation("post", names, Body("application/json"), "dryRun", "fieldManager", "fieldValidation"),
        };
        if (descriptor.IsReview)
        {
            return;
        }

        paths[$"{collection}/{{name}}"] = new JsonObject
        {
            ["get"] = Operation("get", names),
            ["put"] = Operation("put", names, Body("application/json"), "dryRun", "fieldManager", "fieldValidation"),
            ["delete"] = Operation("delete", names, Body("application/json"), "dryRun", "gracePeriodSeconds", "propagationPolicy"),
            ["patch"] = Operation(
                "patch",
                names,
                descriptor.IsCustom
                    ? Body(PatchHandler.JsonPatchType, PatchHandler.MergePatchType, PatchHandler.ApplyPatchType)
                    : Body(PatchHandler.JsonPatchType, PatchHandler.MergePatchType, PatchHandler.StrategicPatchType, PatchHandler.ApplyPatchType),
                "dryRun",
                "fieldManager",
                "fieldValidation",
                "force"),
        };
    }

    private static JsonObject Operation(string action, ResourceNames names, JsonObject? body = null, params ReadOnlySpan<string> parameters)
    {
        var listed = new JsonArray();
        foreach (var parameter in parameters)
        {
            var type = parameter is "force" ? "boolean" : parameter is "gracePeriodSeconds" ? "integer" : "string";
            listed.Add(new JsonObject
            {
                ["name"] = parameter,
                ["in"] = "query",
                ["schema"] = new JsonObject { ["type"] = type, ["uniqueItems"] = true },
            });
        }

        var operation = new JsonObject
        {
            ["operationId"] = $"{action}{names.Version}{names.Kind}",
            ["parameters"] = listed,
            ["responses"] = new JsonObject { ["200"] = new JsonObject { ["description"] = "OK" } },
            ["x-kubernetes-action"] = action,
            ["x-kubernetes-group-version-kind"] = OpenApiSchemas.GroupVersionKind(names),
        };
        if (body is not null)
        {
            operation["requestBody"] = body;
        }

        return operation;
    }

    private static JsonObject Body(params ReadOnlySpan<string> mediaTypes)
    {
        var content = new JsonObject();
        foreach (var mediaType in mediaTypes)
        {
            content[mediaType] = new JsonObject { ["schema"] = new JsonObject { ["type"] = "object" } };
        }

        return new JsonObject { ["content"] = content };
    }
}
