using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Discovery;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Health;
using Dataplane.ControlPlane.Machinery.Metrics;
using Dataplane.ControlPlane.Security.ServiceAccounts;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>Everything that is no resource: discovery, OpenAPI, version, health and metrics.</summary>
internal sealed class DiscoveryHandler(
    DiscoveryDocuments documents, DiscoveryCache cache, OpenApiDocuments openApi, HealthChecks health, MetricsPage metrics, string serverAddress,
    ServiceAccountTokens tokens)
{
    /// <summary>Served without credentials, as upstream's default roles allow.</summary>
    public static bool IsPublic(string path) =>
        path is "/version" or "/version/" or "/healthz" or "/livez" or "/readyz"
        || path.StartsWith("/healthz/", StringComparison.Ordinal)
        || path.StartsWith("/livez/", StringComparison.Ordinal)
        || path.StartsWith("/readyz/", StringComparison.Ordinal);

    /// <exception cref="StatusException">404 for a path nobody serves.</exception>
    public Task HandleAsync(HttpContext http, ReadOnlySpan<string> segments)
    {
        var path = http.Request.Path.Value ?? "/";
        if (http.Request.Method is not ("GET" or "HEAD"))
        {
            throw IsPublic(path) || segments is ["api", _] or ["apis", _, _] ? StatusException.MethodNotAllowed() : StatusException.PageNotFound();
        }

        if (IsPublic(path))
        {
            return path.StartsWith("/version", StringComparison.Ordinal)
                ? ResponseWriter.WriteAsync(http, ServerVersion.Document())
                : HealthResponse.WriteAsync(http, health, path);
        }

        switch (segments)
        {
            case []:
                return ResponseWriter.WriteAsync(http, new JsonObject { ["paths"] = Paths() });
            case ["metrics"]:
                return ResponseWriter.WriteTextAsync(http, metrics.Render(), contentType: MetricsPage.ContentType);
            case ["api"]:
                return WriteRootAsync(http, core: true);
            case ["apis"]:
                return WriteRootAsync(http, core: false);
            case [".well-known", "openid-configuration"]:
                return ResponseWriter.WriteAsync(http, OpenIdConfiguration(http));
            case ["openid", "v1", "jwks"]:
                return ResponseWriter.WriteAsync(
                    http, new JsonObject { ["keys"] = new JsonArray(tokens.Key.ToJsonWebKey()) }, contentType: "application/jwk-set+json");
            case ["openapi", "v2"]:
                return OpenApiResponse.WriteMergedAsync(http, openApi.Merged());
            case ["openapi", "v3"]:
                return WriteAsync(http, "openapi/v3", openApi.Index);
            case ["openapi", "v3", "api", var version] when openApi.Find("", version) is { } document:
                return OpenApiResponse.WriteAsync(http, document);
            case ["openapi", "v3", "apis", var group, var version] when openApi.Find(group, version) is { } document:
                return OpenApiResponse.WriteAsync(http, document);
            case ["api", var version]:
                return WriteAsync(http, $"api/{version}", () => documents.ApiResourceList("", version));
            case ["apis", var group]:
                return WriteAsync(http, $"apis/{group}", () => documents.ApiGroup(group));
            case ["apis", var group, var version]:
                return WriteAsync(http, $"apis/{group}/{version}", () => documents.ApiResourceList(group, version));
            default:
                // Below a served group and version the API answers; everywhere else nobody does.
                return IsServed(segments) ? throw StatusException.PageNotFound() : WriteNobodyAsync(http);
        }
    }

    /// <summary>OpenID Connect Discovery 1.0, the fields upstream serves: whoever verifies tokens finds the key by it.</summary>
    private JsonObject OpenIdConfiguration(HttpContext http) => new()
    {
        ["issuer"] = tokens.Issuer,
        ["jwks_uri"] = $"https://{(http.Request.Host.HasValue ? http.Request.Host.Value : serverAddress)}/openid/v1/jwks",
        ["response_types_supported"] = new JsonArray("id_token"),
        ["subject_types_supported"] = new JsonArray("public"),
        ["id_token_signing_alg_values_supported"] = new JsonArray(ServiceAccountKey.Algorithm),
    };

    private Task WriteRootAsync(HttpContext http, bool core)
    {
        var root = core ? "api" : "apis";
        http.Response.Headers.Vary = "Accept";
        foreach (var clause in http.Request.Headers.Accept.ToString().Split(','))
        {
            if (clause.Contains("as=APIGroupDiscoveryList", StringComparison.Ordinal))
            {
                return clause.Contains("v=v2beta1", StringComparison.Ordinal)
                    ? WriteAsync(http, root + " v2beta1", () => documents.Aggregated(core, "v2beta1"), DiscoveryDocuments.AggregatedV2Beta1)
                    : WriteAsync(http, root + " v2", () => documents.Aggregated(core, "v2"), DiscoveryDocuments.AggregatedV2);
            }

            if (clause.Trim() is "application/json" or "*/*" or "")
            {
                break;
            }
        }

        return WriteAsync(http, root, () => core ? DiscoveryDocuments.ApiVersions(serverAddress) : documents.ApiGroupList());
    }

    private bool IsServed(ReadOnlySpan<string> segments) => segments switch
    {
        ["api", var version, ..] => documents.ApiResourceList("", version) is not null,
        ["apis", var group, var version, ..] => documents.ApiResourceList(group, version) is not null,
        _ => false,
    };

    private static Task WriteNobodyAsync(HttpContext http) => ResponseWriter.WriteTextAsync(http, "404 page not found\n", 404);

    /// <summary>Answers from the cache, or with 304 to who has the document already.</summary>
    private Task WriteAsync(HttpContext http, string name, Func<JsonObject?> build, string contentType = "application/json")
    {
        if (cache.Get(name, build) is not { } document)
        {
            return WriteNobodyAsync(http);
        }

        http.Response.Headers.ETag = document.Tag;
        http.Response.Headers.CacheControl = "public";
        if (http.Request.Headers.IfNoneMatch.ToString() == document.Tag)
        {
            http.Response.StatusCode = 304;
            return Task.CompletedTask;
        }

        return ResponseWriter.WriteAsync(http, document.Json, contentType: contentType);
    }

    private JsonArray Paths()
    {
        var paths = new List<string>
        {
            "/.well-known/openid-configuration", "/api", "/api/v1", "/apis", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3",
            "/openid/v1/jwks", "/readyz", "/version",
        };
        foreach (var group in documents.ApiGroupList()["groups"]!.AsArray())
        {
            paths.Add($"/apis/{group!["name"]}");
            paths.AddRange(group["versions"]!.AsArray().Select(version => $"/apis/{version!["groupVersion"]}"));
        }

        paths.Sort(StringComparer.Ordinal);
        return new JsonArray([.. paths.Select(path => JsonValue.Create(path))]);
    }
}
