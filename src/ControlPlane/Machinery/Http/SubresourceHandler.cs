using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>Subresources that are no view of the whole object: binding, eviction, scale, reviews, a pod's log and connections into it.</summary>
internal sealed class SubresourceHandler(
    ObjectReader reader, ObjectWriter writer, ScaleHandler scale, PodLogHandler logs, PodStreamHandler streams, EvictionHandler evictions,
    ReviewHandler reviews, TokenRequestHandler tokens, ResourceDescriptor pods,
    TimeProvider time)
{
    public bool Handles(ApiRequest request) =>
        request.Descriptor.IsReview
        || request.Subresource is "binding" or "eviction" or "scale" or "token" or "log" || PodStreamHandler.Handles(request.Subresource);

    public Task HandleAsync(ApiRequest request) => (request.Descriptor.Names.Kind, request.Subresource) switch
    {
        ("Binding", "") when request.Http.Request.Method == "POST" => BindAsync(request),
        (_, "") when request is { Descriptor.IsReview: true, Http.Request.Method: "POST" } => reviews.HandleAsync(request),
        ("ServiceAccount", "token") when request.Http.Request.Method == "POST" => tokens.HandleAsync(request),
        ("Pod", "binding") when request.Http.Request.Method == "POST" => BindAsync(request),
        ("Pod", "eviction") when request.Http.Request.Method == "POST" => evictions.HandleAsync(request),
        ("Pod", "log") when request.Http.Request.Method == "GET" => logs.HandleAsync(request, reader.Get(request.Descriptor, request.Namespace, request.Name)),
        ("Pod", _) when PodStreamHandler.Handles(request.Subresource) && request.Http.Request.Method is "GET" or "POST" =>
            streams.HandleAsync(request, reader.Get(request.Descriptor, request.Namespace, request.Name)),
        (_, "scale") when request.Descriptor.HasScale => scale.HandleAsync(request),
        (_, "") or ("ServiceAccount", "token") or ("Pod", "binding" or "eviction" or "log" or "exec" or "attach" or "portforward") => throw StatusException.MethodNotAllowed(),
        _ => throw StatusException.PageNotFound(),
    };

    private async Task BindAsync(ApiRequest request)
    {
        var names = pods.Names with { Kind = "Binding" };
        var binding = await RequestBody.ReadObjectAsync(request.Http, names, "core.Binding");
        var named = binding.Text("metadata", "name") ?? "";
        var name = request.Name.Length > 0 ? request.Name : named;
        if (name.Length == 0)
        {
            throw StatusException.BadRequest("name must be provided");
        }

        if (named.Length > 0 && named != name)
        {
            throw StatusException.BadRequest("name in URL does not match name in Binding object");
        }

        var node = binding.Text("target", "name") ?? "";
        var errors = new FieldErrors();
        if (binding.Text("target", "kind") is { Length: > 0 } kind)
        {
            if (kind != "Node")
            {
                errors.NotSupported("target.kind", kind, "Node", "<empty>");
            }
        }

        if (node.Length == 0)
        {
            errors.Required("target.name");
        }

        if (!errors.IsEmpty)
        {
            throw StatusException.Invalid("", "Binding", name, errors);
        }

        await writer.AmendAsync(pods, request.Namespace, name, UpdateScope.Subresource, Bind, request.DryRun, RequestWriter.Of(request));
        await ResponseWriter.WriteTypedAsync(request.Http, Success(), "meta.Status", 201);

        JsonObject Bind(JsonObject pod)
        {
            var uid = binding.Text("metadata", "uid");
            ObjectIdentity.CheckUid("pods/binding", name, uid, pod);
            ObjectIdentity.CheckVersion("pods/binding", name, binding.Text("metadata", "resourceVersion"), pod);
            if (pod.Text("metadata", "deletionTimestamp") is not null)
            {
                throw StatusException.Conflict("pods/binding", name, $"pod {name} is being deleted, cannot be assigned to a host");
            }

            if (pod.Text("spec", "nodeName") is { Length: > 0 } bound)
            {
                throw StatusException.Conflict("pods/binding", name, $"pod {name} is already assigned to node \"{bound}\"");
            }

            pod.Ensure("spec")["nodeName"] = node;
            var conditions = pod.Ensure("status")["conditions"] as JsonArray ?? [];
            pod.Ensure("status")["conditions"] = SetScheduled(conditions);
            return pod;
        }
    }

    private JsonArray SetScheduled(JsonArray conditions)
    {
        var others = conditions.OfType<JsonObject>().Where(condition => condition.Text("type") != "PodScheduled").Select(condition => condition.DeepClone());
        return new JsonArray([.. others, new JsonObject
        {
            ["type"] = "PodScheduled",
            ["status"] = "True",
            ["lastProbeTime"] = null,
            ["lastTransitionTime"] = ObjectJson.Time(time.GetUtcNow()),
        }]);
    }

    private static JsonObject Success() => new()
    {
        ["kind"] = "Status",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject(),
        ["status"] = "Success",
        ["code"] = 201,
    };
}
