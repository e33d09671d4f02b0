using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.FieldOwnership;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>Who a request's fields will belong to.</summary>
internal static class RequestWriter
{
    private const int MaxNameLength = 128;

    /// <param name="request">A create, an update or a patch.</param>
    /// <param name="applies">It is a server-side apply.</param>
    /// <exception cref="StatusException">422: an apply by nobody, force without an apply, a name that is none.</exception>
    public static FieldManager Of(ApiRequest request, bool applies = false)
    {
        var given = request.Query["fieldManager"].ToString();
        var errors = new FieldErrors();
        if (applies && given.Length == 0)
        {
            errors.Required("fieldManager", "is required for apply patch");
        }

        if (!applies && request.Http.Request.Method == "PATCH" && request.Query.ContainsKey("force"))
        {
            errors.Forbidden("force", "may not be specified for non-apply patch");
        }

        if (given.Length > MaxNameLength)
        {
            errors.InvalidTooLong("fieldManager", MaxNameLength);
        }
        else if (given.Any(char.IsControl))
        {
            var odd = given.First(char.IsControl);
            errors.Invalid("fieldManager", given, $"invalid character U+{(int)odd:X4} (at position {given.IndexOf(odd)})");
        }

        Common(request, errors);
        if (!errors.IsEmpty)
        {
            var options = request.Http.Request.Method switch { "POST" => "CreateOptions", "PUT" => "UpdateOptions", _ => "PatchOptions" };
            throw StatusException.Invalid("meta.k8s.io", options, "", errors);
        }

        return new FieldManager(given.Length > 0 ? given : FromUserAgent(request), applies, request.Descriptor.Names.ApiVersion, request.Subresource);
    }

    /// <summary>What every write is asked to do with it: nothing, and about fields that are not there.</summary>
    private static void Common(ApiRequest request, FieldErrors errors)
    {
        var dryRun = request.Query["dryRun"];
        if (dryRun.Any(value => value != "All"))
        {
            errors.NotSupportedRaw("dryRun", GoValue.Strings([.. dryRun.Select(value => JsonValue.Create(value))]), "\"All\"");
        }

        errors.KnownOrAbsent("fieldValidation", request.Query["fieldValidation"].ToString(), "", "Ignore", "Strict", "Warn");
    }

    private static string FromUserAgent(ApiRequest request)
    {
        var program = request.Http.Request.Headers.UserAgent.ToString().Split('/')[0];
        return string.Concat(program.Where(letter => !char.IsControl(letter)).Take(MaxNameLength));
    }
}
