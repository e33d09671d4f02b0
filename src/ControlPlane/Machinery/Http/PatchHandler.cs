using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Patching;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Machinery.Schema;
using Dataplane.ControlPlane.Machinery.Validation;

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
        var patch = await ReadPatchAsync(request, request.Descriptor.IsCustom ? null : request.Descriptor.Schema);
        var reported = false;
        var updated = await writer.UpdateAsync(request.Descriptor, request.Namespace, request.Name, scope, Change, request.DryRun, RequestWriter.Of(request));
        if (scope == UpdateScope.Main && request.Descriptor.MayWarn)
        {
            ResourceHandler.Warn(request, updated.Document());
        }

        await ResponseWriter.WriteObjectAsync(request, updated, time);

        JsonObject Change(JsonObject current)
        {
            if (!patch.MayTouchOwners)
            {
                // The stored ones stay; nothing has to read them here.
                current.Metadata().Remove("managedFields");
            }

            var patched = patch.ApplyTo(current);
            var decoded = Decode(request, patched, patch);
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
    public static async Task<Func<JsonObject, JsonObject>> ReadAsync(ApiRequest request, TypeSchema? type) => (await ReadPatchAsync(request, type)).ApplyTo;

    private static async Task<ReadPatch> ReadPatchAsync(ApiRequest request, TypeSchema? type)
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

        var body = JsonBytes.Clean(await RequestBody.ReadAsync(request.Http));
        switch (mediaType)
        {
            case JsonPatchType:
                return new ReadPatch(Operations(Parse(body)), null, MayTouchOwners: true);
            case MergePatchType:
                var merge = MergeObject(body);
                return Merging(merge, current => MergePatch.Apply(current, merge));
            default:
                var patch = Parse(body);
                var fields = patch as JsonObject ?? throw StatusException.BadRequest(
                    $"json: cannot unmarshal {GoValue.TypeOf(patch)} into Go value of type map[string]interface {{}}");
                return Merging(fields, current => Strategic(current, fields, type!)) with { Strategic = fields };
        }
    }

    // A directive at the root concerns all fields.
    private static ReadPatch Merging(JsonObject fields, Func<JsonObject, JsonObject> apply) =>
        fields.Any(field => field.Key.StartsWith('$'))
            ? new ReadPatch(apply, null, MayTouchOwners: true)
            : new ReadPatch(
                apply,
                [.. fields.Select(field => field.Key)],
                fields.TryGetPropertyValue("metadata", out var metadata)
                    && (metadata is not JsonObject named || named.Any(field => field.Key is "managedFields" || field.Key.StartsWith('$'))));

    private static Func<JsonObject, JsonObject> Operations(JsonNode? patch)
    {
        JsonPatch operations;
        try
        {
            operations = JsonPatch.Read(patch);
        }
        catch (PatchException failure)
        {
            throw failure.TooLarge ? StatusException.TooLarge(failure.Message) : StatusException.BadRequest(failure.Message);
        }

        return current =>
        {
            try
            {
                return operations.Apply(current);
            }
            catch (PatchException)
            {
                throw StatusException.Unprocessable();
            }
        };
    }

    private static JsonObject Strategic(JsonObject current, JsonObject patch, TypeSchema type)
    {
        try
        {
            return StrategicMergePatch.Apply(current, patch, type);
        }
        catch (PatchException failure)
        {
            throw StatusException.BadRequest(failure.Message);
        }
    }

    private static JsonObject MergeObject(byte[] body)
    {
        try
        {
            return ClientJson.Parse(body) as JsonObject ?? throw StatusException.BadRequest("Invalid JSON Patch");
        }
        catch (JsonException)
        {
            throw StatusException.BadRequest("Invalid JSON Patch");
        }
    }

    private static JsonNode? Parse(byte[] body)
    {
        try
        {
            return ClientJson.Parse(body);
        }
        catch (JsonException)
        {
            throw StatusException.BadRequest(GoJsonSyntax.Error(body) ?? "exceeded max depth");
        }
    }

    /// <summary>Reads the patched object as its type: what the patch did not touch was read so before it was stored.</summary>
    private static DecodedObject Decode(ApiRequest request, JsonObject patched, ReadPatch patch)
    {
        var touched = request.Descriptor.IsCustom ? null : patch.Touched;
        try
        {
            if (touched is null)
            {
                return request.Descriptor.Decode(ObjectJson.Encode(patched));
            }

            var part = new JsonObject();
            foreach (var name in touched)
            {
                if (patched.TryGetPropertyValue(name, out var value))
                {
                    // The place of the field is kept for what is read.
                    patched[name] = null;
                    part[name] = value;
                }
            }

            var decoded = request.Descriptor.Decode(ObjectJson.Encode(part));
            foreach (var name in touched)
            {
                decoded.Object.Remove(name, out var value);
                if (value is null)
                {
                    patched.Remove(name);
                }
                else
                {
                    patched[name] = value;
                }
            }

            return decoded with { Object = patched };
        }
        catch (DecodeException failure) when (patch.Strategic is { } fields)
        {
            // Upstream merges maps and makes a typed object of the result; the patch is what is wrong.
            var invalid = new FieldErrors();
            invalid.Invalid("patch", GoValue.Plain(fields), RestoreFailure.Of(failure));
            throw StatusException.Invalid("", "", "", invalid);
        }
        catch (DecodeException failure)
        {
            var names = request.Descriptor.Names;
            throw StatusException.BadRequest($"{names.Kind} in version \"{names.Version}\" cannot be handled as a {names.Kind}: {failure.Message}");
        }
    }

    /// <summary>A patch that is ready to be applied, again and again if writes come between.</summary>
    /// <param name="Apply">From the current object, which it may change, to the patched one.</param>
    /// <param name="Touched">Fields of the object that may change; null when all may.</param>
    /// <param name="MayTouchOwners">Whether metadata.managedFields may change.</param>
    private sealed record ReadPatch(Func<JsonObject, JsonObject> Apply, IReadOnlyList<string>? Touched, bool MayTouchOwners)
    {
        /// <summary>The document of a strategic merge patch; null for other kinds.</summary>
        public JsonObject? Strategic { get; init; }

        /// <summary>Only a patch that names another version than this one insists on it: the rest is applied again after a race.</summary>
        public JsonObject ApplyTo(JsonObject current)
        {
            var version = current.Text("metadata", "resourceVersion");
            var patched = Apply(current);
            if (patched.Text("metadata", "resourceVersion") == version)
            {
                patched.Metadata().Remove("resourceVersion");
            }

            return patched;
        }
    }

    private static StatusException RefusePatch(string errors)
    {
        var invalid = new FieldErrors();
        invalid.Invalid("patch", "", errors);
        return StatusException.Invalid("", "", "", invalid);
    }
}
