using System.Text.Json.Nodes;
using Dataplane.ControlPlane.CustomResources;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>The scale subresource: an autoscaling/v1 Scale over spec.replicas.</summary>
internal sealed class ScaleHandler(ObjectReader reader, ObjectWriter writer, TimeProvider time)
{
    private static ResourceNames Names => ScaleResource.Instance.Names;

    public async Task HandleAsync(ApiRequest request)
    {
        switch (request.Http.Request.Method)
        {
            case "GET":
                await WriteAsync(request, reader.Get(request.Descriptor, request.Namespace, request.Name));
                return;
            case "PUT":
                var body = await RequestBody.ReadObjectAsync(request.Http, Names, ScaleResource.Instance.SchemaName);
                await UpdateAsync(request, _ => body);
                return;
            case "PATCH":
                var apply = await PatchHandler.ReadAsync(request, ScaleResource.Instance.Schema);
                await UpdateAsync(request, apply);
                return;
            default:
                throw StatusException.MethodNotAllowed();
        }
    }

    private async Task UpdateAsync(ApiRequest request, Func<JsonObject, JsonObject> change)
    {
        var updated = await writer.UpdateAsync(request.Descriptor, request.Namespace, request.Name, UpdateScope.Subresource, Scale, request.DryRun, RequestWriter.Of(request));
        await WriteAsync(request, updated);

        JsonObject Scale(JsonObject obj)
        {
            var scale = change(ScaleOf(request, obj));
            var replicas = scale.Integer("spec", "replicas") ?? 0;
            if (replicas < 0)
            {
                var errors = new FieldErrors();
                errors.Invalid("spec.replicas", replicas, "must be greater than or equal to 0");
                throw StatusException.Invalid(Names.Group, Names.Kind, request.Name, errors);
            }

            if (scale.Text("metadata", "resourceVersion") is { Length: > 0 } version)
            {
                obj.Metadata()["resourceVersion"] = version;
            }
            else
            {
                obj.Metadata().Remove("resourceVersion");
            }

            if (Custom(request) is { } custom)
            {
                custom.SetReplicas(obj, replicas);
            }
            else
            {
                obj.Ensure("spec")["replicas"] = replicas;
            }

            return obj;
        }
    }

    private Task WriteAsync(ApiRequest request, StoredObject stored)
    {
        var scale = StoredForm.Encode(ScaleResource.Instance, ScaleOf(request, stored));
        return ResponseWriter.WriteObjectAsync(
            request with { Descriptor = ScaleResource.Instance }, StoredObject.Create(stored.Key, stored.Created, stored.Modified, scale), time);
    }

    private static CustomScale? Custom(ApiRequest request) => (request.Descriptor as CustomResource)?.Scale;

    private static JsonObject ScaleOf(ApiRequest request, StoredObject stored) => ScaleOf(request, request.Descriptor.Present(stored).Document());

    private static JsonObject ScaleOf(ApiRequest request, JsonObject obj)
    {
        var custom = Custom(request);
        var metadata = new JsonObject();
        foreach (var field in new[] { "name", "namespace", "uid", "resourceVersion", "creationTimestamp" })
        {
            metadata.CopyField(obj.Metadata(), field);
        }

        return new JsonObject
        {
            ["kind"] = Names.Kind,
            ["apiVersion"] = Names.ApiVersion,
            ["metadata"] = metadata,
            ["spec"] = new JsonObject { ["replicas"] = custom?.Replicas(obj) ?? obj.Integer("spec", "replicas") ?? 0 },
            ["status"] = new JsonObject
            {
                ["replicas"] = custom?.StatusReplicas(obj) ?? obj.Integer("status", "replicas") ?? 0,
                ["selector"] = custom?.Selector(obj) ?? Selector(obj),
            },
        };
    }

    // ReplicationControllers select by a plain map, the apps kinds by a LabelSelector.
    private static string Selector(JsonObject obj)
    {
        var labels = obj.Text("kind") == "ReplicationController" ? obj.StringMap("spec", "selector") : obj.StringMap("spec", "selector", "matchLabels");
        return string.Join(",", labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}"));
    }
}
