using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Patching;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>PATCH: reads the body by its media type and applies it inside the update's compare-and-swap loop.</summary>
internal sealed class PatchHandler(ObjectWriter writer, TimeProvider time)
{
    public const string JsonPatchType = "application/json-patch+json";
    public const string MergePatchType = "application/merge-patch+json";
    public const string StrategicPatchType = "application/strategic-merge-patch+json";
    public const string ApplyPatchType = "application/apply-patch+yaml";

    public async Task HandleAsync(ApiRequest request, UpdateScope scope)
    {
        var apply = await ReadAsync(request, request.Descriptor.IsCustom ? null : request.Descriptor.Schema);
        var reported = false;
        var updated = await writer.UpdateAsync(request.Descriptor, request.Namespace, request.Name, scope, Change, request.DryRun, RequestWriter.Of(request));
        await ResponseWriter.WriteObjectAsync(request, updated, time);

        JsonObject Change(JsonObject current)
        {
            var version = current.Text("metadata", "resourceVersion");
            var patched = apply(current);

            // Only a patch that names another version than this one insists on it: the rest is applied again after a race.
            if (patched.Text("metadata", "resourceVersion") == version)
            {
                patched.Metadata().Remove("resourceVersion");
            }

            var decoded = Decode(request, patched);
            if (!reported)
            {
                reported = true;
                FieldValidation.Report(request.Http, decoded.StrictErrors, RefusePatch);
            }

            return decoded.Object;
        }
    }

    /// <summary>Reads a patch of whatever kind into a function from the current object to the patched one.</summary>
    /// <exception cref="StatusException">415 for a kind that is not served, 400 for one that cannot be read.</exception>
    /// <param name="request">The PATCH.</param>
    /// <param name="type">What is patched; null when it has no merge keys: no strategic merge then.</param>
    public static async Task<Func<JsonObject, JsonObject>> ReadAsync(ApiRequest request, TypeSchema? type)
    {
        var mediaType = RequestBody.MediaType(request.Http);
        if (mediaType == ApplyPatchType)
        {
            throw new StatusException(415, "UnsupportedMediaType", "server-side apply is not served for this subresource");
        }

        if (mediaType is not (JsonPatchType or MergePatchType) && (mediaType != StrategicPatchType || type is null))
        {
            var strategic = type is null ? "" : $", {StrategicPatchType}";
            throw StatusException.UnsupportedMediaType($"{JsonPatchType}, {MergePatchType}{strategic}, {ApplyPatchType}");
        }

        var patch = Parse(await RequestBody.ReadAsync(request.Http));
        return mediaType switch
        {
            JsonPatchType => Apply(JsonPatch.Read(patch).Apply),
            MergePatchType => Apply(current => MergePatch.Apply(current, ObjectPatch(patch))),
            _ => Apply(current => StrategicMergePatch.Apply(current, ObjectPatch(patch), type!)),
        };
    }

    private static Func<JsonObject, JsonObject> Apply(Func<JsonObject, JsonObject> patch) => current =>
    {
        try
        {
            return patch(current);
        }
        catch (PatchException failure)
        {
            throw failure.Unprocessable
                ? new StatusException(422, "Invalid", $"the server rejected our request due to an error in our request: {failure.Message}")
                : StatusException.BadRequest(failure.Message);
        }
    };

    private static JsonNode? Parse(byte[] body)
    {
        try
        {
            return JsonNode.Parse(body, documentOptions: new JsonDocumentOptions { MaxDepth = 128 });
        }
        catch (JsonException failure)
        {
            throw StatusException.BadRequest($"error decoding patch: {failure.Message}");
        }
    }

    private static JsonObject ObjectPatch(JsonNode? patch) =>
        patch as JsonObject ?? throw StatusException.BadRequest("error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}");

    private static DecodedObject Decode(ApiRequest request, JsonObject patched)
    {
        try
        {
            return request.Descriptor.Decode(ObjectJson.Encode(patched));
        }
        catch (DecodeException failure)
        {
            var names = request.Descriptor.Names;
            throw StatusException.BadRequest($"{names.Kind} in version \"{names.Version}\" cannot be handled as a {names.Kind}: {failure.Message}");
        }
    }

    private static StatusException RefusePatch(string errors)
    {
        var invalid = new FieldErrors();
        invalid.Invalid("patch", "", errors);
        return StatusException.Invalid("", "", "", invalid);
    }
}
