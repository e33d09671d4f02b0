using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Machinery.Errors;

/// <summary>A request that ends with a Status object. Texts and reasons are the ones clients of Kubernetes know.</summary>
internal sealed class StatusException(int code, string reason, string message, JsonObject? details = null) : Exception(message)
{
    public int Code { get; } = code;

    public string Reason { get; } = reason;

    /// <summary>A token for the rest of a list, in the Status' metadata.</summary>
    public string? Continue { get; init; }

    /// <summary>The v1 Status object.</summary>
    public JsonObject Status()
    {
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = Continue is null ? new JsonObject() : new JsonObject { ["continue"] = Continue },
            ["status"] = "Failure",
            ["message"] = Message,
        };
        if (Reason.Length > 0)
        {
            status["reason"] = Reason;
        }

        if (details is not null)
        {
            status["details"] = details.DeepClone();
        }

        status["code"] = Code;
        return status;
    }

    public static StatusException BadRequest(string message) => new(400, "BadRequest", message);

    public static StatusException Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    public static StatusException Forbidden(string resource, string name, string why) =>
        new(403, "Forbidden", name.Length == 0 ? $"{resource} is forbidden: {why}" : $"{resource} \"{name}\" is forbidden: {why}", Details(resource, name));

    public static StatusException NotFound(string resource, string name) =>
        new(404, "NotFound", $"{resource} \"{name}\" not found", Details(resource, name));

    /// <summary>A path below a group and version that are served, with no such resource.</summary>
    public static StatusException PageNotFound() => new(404, "NotFound", "the server could not find the requested resource", []);

    public static StatusException MethodNotAllowed() =>
        new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", []);

    public static StatusException NotAcceptable(string served) => new(406, "NotAcceptable", $"only the following media types are accepted: {served}");

    public static StatusException AlreadyExists(string resource, string name) =>
        new(409, "AlreadyExists", $"{resource} \"{name}\" already exists", Details(resource, name));

    public static StatusException Conflict(string resource, string name, string why) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {resource} \"{name}\": {why}", Details(resource, name));

    /// <summary>The version a write was made against is not the current one.</summary>
    public static StatusException Modified(string resource, string name) =>
        Conflict(resource, name, "the object has been modified; please apply your changes to the latest version and try again");

    /// <summary>The history a request needs is no longer there.</summary>
    public static StatusException Expired(string message) => new(410, "Expired", message);

    /// <summary>The revision of a list in pieces is no longer known; the token leads to the rest of a newer one.</summary>
    public static StatusException ExpiredContinue(string token) => new(410, "Expired",
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the " +
        "continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects " +
        "that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.")
    { Continue = token };

    public static StatusException TooLarge(string why = "limit is 3145728") => new(413, "RequestEntityTooLarge", $"Request entity too large: {why}");

    /// <summary>A patch that can be read but not be applied to this object. Upstream does not say why.</summary>
    public static StatusException Unprocessable() => new(422, "Invalid", "the server rejected our request due to an error in our request", []);

    public static StatusException UnsupportedMediaType(string expected) =>
        new(415, "UnsupportedMediaType", $"the body of the request was in an unknown format - accepted media types include: {expected}");

    public static StatusException Invalid(string group, string kind, string name, FieldErrors errors)
    {
        var causes = new JsonArray();
        foreach (var error in errors.All)
        {
            causes.Add(new JsonObject { ["reason"] = error.Reason, ["message"] = error.Text, ["field"] = error.Field });
        }

        var qualified = group.Length == 0 ? kind : $"{kind}.{group}";
        var said = errors.All.Select(error => error.ToString()).Distinct().ToList();
        var listed = said.Count == 1 ? said[0] : $"[{string.Join(", ", said)}]";
        var details = new JsonObject();
        foreach (var (field, value) in new[] { ("name", name), ("group", group), ("kind", kind) })
        {
            if (value.Length > 0)
            {
                details[field] = value;
            }
        }

        details["causes"] = causes;
        return new StatusException(422, "Invalid", $"{qualified} {GoValue.Quote(name)} is invalid: {listed}", details);
    }

    /// <summary>The cache has not reached what the client asked for.</summary>
    public static StatusException TooLargeResourceVersion(long requested, long current) =>
        new(504, "Timeout", $"Too large resource version: {requested}, current: {current}", new JsonObject
        {
            ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ResourceVersionTooLarge", ["message"] = "Too large resource version" }),
            ["retryAfterSeconds"] = 1,
        });

    public static StatusException Internal(string message) =>
        new(500, "InternalError", $"Internal error occurred: {message}", new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["message"] = message }) });

    public static StatusException Unavailable(string message) => new(503, "ServiceUnavailable", message);

    /// <param name="resource">"pods", or "deployments.apps" for a named group.</param>
    /// <param name="name">The object.</param>
    private static JsonObject Details(string resource, string name)
    {
        var dot = resource.IndexOf('.', StringComparison.Ordinal);
        var details = new JsonObject { ["name"] = name };
        if (dot > 0)
        {
            details["group"] = resource[(dot + 1)..];
        }

        details["kind"] = dot > 0 ? resource[..dot] : resource;
        return details;
    }
}
