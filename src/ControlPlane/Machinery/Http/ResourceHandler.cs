using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>The verbs on resources, in terms of the registry.</summary>
internal sealed class ResourceHandler(
    ObjectReader reader, ObjectWriter writer, ObjectDeleter deleter, WatchStream watches, PatchHandler patches, ApplyHandler applies, TimeProvider time)
{
    public Task HandleAsync(ApiRequest request, CancellationToken stopping) => request.Http.Request.Method switch
    {
        not ("GET" or "HEAD") when request.Descriptor.Computed is not null => throw StatusException.MethodNotAllowed(),
        "GET" or "HEAD" when request.IsWatch && request.Descriptor.Computed is not null => throw StatusException.MethodNotAllowed(),
        "GET" or "HEAD" when request.IsWatch => watches.ServeAsync(request, stopping),
        "GET" or "HEAD" when request.IsCollection => ListAsync(request),
        "GET" or "HEAD" => GetAsync(request),
        "POST" when request.IsCollection => CreateAsync(request),
        "PUT" when !request.IsCollection => UpdateAsync(request),
        "PATCH" when !request.IsCollection && RequestBody.MediaType(request.Http) == PatchHandler.ApplyPatchType => applies.HandleAsync(request, ScopeOf(request)),
        "PATCH" when !request.IsCollection => patches.HandleAsync(request, ScopeOf(request)),
        "DELETE" when request.IsCollection && request.Descriptor.DeletesCollections => DeleteCollectionAsync(request),
        "DELETE" when !request.IsCollection && request.Subresource.Length == 0 => DeleteAsync(request),
        _ => throw StatusException.MethodNotAllowed(),
    };

    /// <summary>What a write through a subresource may change.</summary>
    /// <exception cref="StatusException">404: the kind has no such subresource.</exception>
    public static UpdateScope ScopeOf(ApiRequest request) => request.Subresource switch
    {
        "" => UpdateScope.Main,
        "status" when request.Descriptor.HasStatus => UpdateScope.Status,
        "ephemeralcontainers" when request.Descriptor.Names.Kind == "Pod" => UpdateScope.EphemeralContainers,
        "approval" when request.Descriptor.Names.Kind == "CertificateSigningRequest" => UpdateScope.Approval,
        "resize" when request.Descriptor.Names.Kind == "Pod" => UpdateScope.Resize,
        "finalize" when request.Descriptor.Names.Kind == "Namespace" => UpdateScope.Finalize,
        _ => throw StatusException.PageNotFound(),
    };

    private async Task GetAsync(ApiRequest request)
    {
        _ = ScopeOf(request);
        var obj = request.Descriptor.Computed is { } computed
            ? await computed.GetAsync(request.Namespace, request.Name, request.Http.RequestAborted)
            : reader.Get(request.Descriptor, request.Namespace, request.Name);
        await ResponseWriter.WriteObjectAsync(request, obj, time);
    }

    private async Task ListAsync(ApiRequest request)
    {
        var list = await reader.ListAsync(request.Descriptor, request.Namespace, request.ListQuery(), request.Http.RequestAborted);
        await ResponseWriter.WriteListAsync(request, list, time);
    }

    private async Task CreateAsync(ApiRequest request)
    {
        if (request.Descriptor.Names.Namespaced && request.Namespace.Length == 0)
        {
            throw StatusException.MethodNotAllowed();
        }

        var body = await RequestBody.ReadObjectAsync(request.Http, request.Descriptor);
        request.Descriptor.Attribute(body, request.User);
        var created = await writer.CreateAsync(request.Descriptor, request.Namespace, body, request.DryRun, RequestWriter.Of(request));
        Warn(request, body);
        await ResponseWriter.WriteObjectAsync(request, created, time, 201);
    }

    private async Task UpdateAsync(ApiRequest request)
    {
        var scope = ScopeOf(request);
        var body = await RequestBody.ReadObjectAsync(request.Http, request.Descriptor);
        CheckVersion(request, body);
        var updated = await writer.UpdateAsync(
            request.Descriptor, request.Namespace, request.Name, scope, _ => (JsonObject)body.DeepClone(), request.DryRun, RequestWriter.Of(request));
        if (scope == UpdateScope.Main && request.Descriptor.MayWarn)
        {
            Warn(request, updated.Document());
        }

        await ResponseWriter.WriteObjectAsync(request, updated, time);
    }

    /// <summary>What is no error and yet not what people should write.</summary>
    public static void Warn(ApiRequest request, JsonObject obj)
    {
        foreach (var warning in request.Descriptor.MayWarn ? request.Descriptor.Warnings(obj) : [])
        {
            WarningHeaders.Add(request.Http, warning);
        }
    }

    /// <summary>Some kinds are only ever replaced by who has seen them.</summary>
    private void CheckVersion(ApiRequest request, JsonObject body)
    {
        if (request.Descriptor.AllowsUnconditionalUpdate || ObjectIdentity.VersionOf(body) is not null)
        {
            return;
        }

        _ = reader.Get(request.Descriptor, request.Namespace, request.Name);
        var errors = new FieldErrors();
        errors.InvalidRaw("metadata.resourceVersion", "0x0", "must be specified for an update");
        throw StatusException.Invalid(request.Descriptor.Names.Group, request.Descriptor.Names.Plural, request.Name, errors);
    }

    private async Task DeleteAsync(ApiRequest request)
    {
        var (obj, gone) = await deleter.DeleteAsync(request.Descriptor, request.Namespace, request.Name, await ReadWishAsync(request));
        if (gone && !request.Descriptor.ReturnsDeletedObject)
        {
            await ResponseWriter.WriteTypedAsync(request.Http, Deleted(request, obj), "meta.Status");
            return;
        }

        await ResponseWriter.WriteObjectAsync(request, obj, time);
    }

    private async Task DeleteCollectionAsync(ApiRequest request)
    {
        var wish = await ReadWishAsync(request);
        var list = await reader.ListAsync(request.Descriptor, request.Namespace, request.ListQuery(), request.Http.RequestAborted);
        foreach (var item in list.Items)
        {
            try
            {
                await deleter.DeleteAsync(request.Descriptor, item.Namespace, item.Name, wish);
            }
            catch (StatusException failure) when (failure.Code == 404)
            {
                // Somebody else deleted it first: the collection is as empty as it was asked to be.
            }
        }

        await ResponseWriter.WriteListAsync(request, list, time);
    }

    private static async Task<DeleteWish> ReadWishAsync(ApiRequest request)
    {
        var wish = DeleteWish.From(await RequestBody.ReadOptionsAsync(request.Http, "DeleteOptions", "meta.DeleteOptions"));
        wish = wish with
        {
            GracePeriodSeconds = wish.GracePeriodSeconds ?? request.Number("gracePeriodSeconds"),
            PropagationPolicy = wish.PropagationPolicy ?? (request.Query["propagationPolicy"].ToString() is { Length: > 0 } policy ? policy : null),
            DryRun = wish.DryRun || request.DryRun,
        };
        var errors = new FieldErrors();
        errors.KnownOrAbsent("propagationPolicy", wish.PropagationPolicy, "Foreground", "Background", "Orphan", "nil");
        return errors.IsEmpty ? wish : throw StatusException.Invalid("meta.k8s.io", "DeleteOptions", "", errors);
    }

    private static JsonObject Deleted(ApiRequest request, StoredObject obj)
    {
        var names = request.Descriptor.Names;
        var details = new JsonObject { ["name"] = obj.Name };
        if (names.Group.Length > 0)
        {
            details["group"] = names.Group;
        }

        details["kind"] = names.Plural;
        details["uid"] = obj.Document().Text("metadata", "uid");
        return new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["details"] = details,
        };
    }
}
