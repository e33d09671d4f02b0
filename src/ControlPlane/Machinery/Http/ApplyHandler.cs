using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.FieldOwnership;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>PATCH with application/apply-patch+yaml: server-side apply, which also creates.</summary>
internal sealed class ApplyHandler(ObjectWriter writer, TimeProvider time)
{
    private const int MaxAttempts = 5;

    public async Task HandleAsync(ApiRequest request, UpdateScope scope)
    {
        var manager = RequestWriter.Of(request, applies: true);
        var force = request.Query["force"].ToString() is "true" or "1";
        var config = await ReadAsync(request, scope);
        var ownership = new OwnershipTracker(request.Descriptor.Ownership, request.Descriptor.Decode, time);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var updated = await writer.UpdateAsync(request.Descriptor, request.Namespace, request.Name, scope, Change, request.DryRun, manager);
                await ResponseWriter.WriteObjectAsync(request, updated, time);
                return;
            }
            catch (StatusException failure) when (failure.Code == 404 && scope == UpdateScope.Main)
            {
                CheckCreate(request, config);
            }

            try
            {
                var wanted = Apply([]);
                request.Descriptor.Attribute(wanted, request.User);
                var created = await writer.CreateAsync(request.Descriptor, request.Namespace, wanted, request.DryRun, manager);
                await ResponseWriter.WriteObjectAsync(request, created, time, 201);
                return;
            }
            catch (StatusException failure) when (failure.Reason == "AlreadyExists" && attempt < MaxAttempts)
            {
                // Somebody else created it in between: it can be applied to now.
            }
        }

        JsonObject Change(JsonObject current)
        {
            var applied = Apply(current);

            // Only a version the applier itself names makes the write conditional.
            if (config.Text("metadata", "resourceVersion") is not { Length: > 0 })
            {
                applied.Metadata().Remove("resourceVersion");
            }

            return applied;
        }

        JsonObject Apply(JsonObject live)
        {
            try
            {
                var applied = ownership.Apply(live, config, manager, force);
                LastApplied.Renew(applied, config, manager);
                return applied;
            }
            catch (ApplyException failure)
            {
                throw new StatusException(500, "", Untyped(request, failure.Message));
            }
        }
    }

    private static async Task<JsonObject> ReadAsync(ApiRequest request, UpdateScope scope)
    {
        var names = request.Descriptor.Names;
        var decoded = Decode(request, await RequestBody.ReadAsync(request.Http));
        var config = decoded.Object;
        CheckDeclared(request, decoded.StrictErrors);
        FieldValidation.Report(request.Http, decoded.StrictErrors, errors => StatusException.BadRequest($"error decoding YAML: {errors}"));
        if (config.Text("apiVersion") is var version && version != names.ApiVersion)
        {
            throw StatusException.BadRequest($"Incorrect version specified in apply patch. Specified patch version: {version}, expected: {names.ApiVersion}");
        }

        if (config.Text("kind") is var kind && kind != names.Kind)
        {
            throw StatusException.BadRequest($"{kind} in version \"{names.Version}\" cannot be handled as a {names.Kind}: kinds differ");
        }

        if (config.Array("metadata", "managedFields") is { Count: > 0 })
        {
            throw StatusException.BadRequest("metadata.managedFields must be nil");
        }

        var metadata = config.Metadata();
        metadata.Remove("managedFields");
        metadata.Default("name", request.Name);
        if (metadata.Text("name") is var name && name != request.Name)
        {
            throw StatusException.BadRequest($"the name of the object ({name}) does not match the name on the URL ({request.Name})");
        }

        // What the write does not reach cannot be owned through it.
        if (request.Descriptor.HasStatus)
        {
            config.Remove(scope == UpdateScope.Status ? "spec" : "status");
        }

        return config;
    }

    /// <summary>What has no place in the type cannot be owned: whatever fieldValidation says, and in the words of structured-merge-diff.</summary>
    private static void CheckDeclared(ApiRequest request, IReadOnlyList<string> errors)
    {
        const string unknown = "unknown field \"";
        var fields = errors.Where(error => error.StartsWith(unknown, StringComparison.Ordinal))
            .Select(error => $".{error[unknown.Length..^1]}: field not declared in schema").ToArray();
        if (fields.Length > 0)
        {
            var listed = fields.Length == 1 ? fields[0] : "errors:\n  " + string.Join("\n  ", fields);
            throw new StatusException(500, "", Untyped(request, listed));
        }
    }

    private static string Untyped(ApiRequest request, string why)
    {
        var names = request.Descriptor.Names;
        var name = request.Namespace.Length > 0 ? $"{request.Namespace}/{request.Name}" : $"/{request.Name}";
        return $"failed to create typed patch object ({name}; {names.Group}/{names.Version}, Kind={names.Kind}): {why}";
    }

    private static DecodedObject Decode(ApiRequest request, byte[] body)
    {
        try
        {
            return request.Descriptor.Decode(JsonBytes.Clean(body));
        }
        catch (JsonException)
        {
            // Most clients send the JSON that YAML allows. What is not JSON is any other YAML.
            return DecodeYaml(request, body);
        }
        catch (DecodeException failure)
        {
            throw StatusException.BadRequest($"error decoding YAML: {failure.Message}");
        }
    }

    private static DecodedObject DecodeYaml(ApiRequest request, byte[] body)
    {
        ConvertedYaml yaml;
        try
        {
            yaml = YamlToJson.Convert(body);
        }
        catch (FormatException failure)
        {
            throw StatusException.BadRequest($"error decoding YAML: error converting YAML to JSON: {failure.Message}");
        }

        try
        {
            var decoded = request.Descriptor.Decode(yaml.Json);
            return decoded with { StrictErrors = [.. yaml.StrictErrors, .. decoded.StrictErrors] };
        }
        catch (DecodeException failure)
        {
            throw StatusException.BadRequest($"error decoding YAML: {failure.Message}");
        }
    }

    private static void CheckCreate(ApiRequest request, JsonObject config)
    {
        if (config.Text("metadata", "uid") is { Length: > 0 } uid)
        {
            throw StatusException.Conflict(
                request.Descriptor.Names.Qualified, request.Name, $"uid mismatch: the provided object specified uid {uid}, and no existing object was found");
        }
    }
}
