using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Security.ServiceAccounts;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>POST serviceaccounts/NAME/token: a token for a while, for an audience, bound to a pod, a Secret or a node if asked.</summary>
internal sealed class TokenRequestHandler(ObjectReader reader, IStore store, ResourceCatalog catalog, ServiceAccountTokens tokens, TimeProvider time)
{
    private const long DefaultSeconds = 3600;
    private const long ShortestSeconds = 600;
    private const long LongestSeconds = 1L << 32;

    /// <exception cref="StatusException">404 without the account or the bound object, 409 for another uid, 400 or 422 for a request that asks too much.</exception>
    public async Task HandleAsync(ApiRequest request)
    {
        var names = new ResourceNames("authentication.k8s.io", "v1", "TokenRequest", "tokenrequests", "tokenrequest", Namespaced: true);
        var body = await RequestBody.ReadObjectAsync(request.Http, names, "authentication.TokenRequest");
        var account = reader.Get(request.Descriptor, request.Namespace, request.Name).Document();
        if (body.Text("metadata", "name") is { Length: > 0 } name && name != request.Name)
        {
            throw StatusException.BadRequest($"the name of the object ({name}) does not match the name on the URL ({request.Name})");
        }

        var spec = body.Ensure("spec");
        var seconds = spec.Integer("expirationSeconds") ?? DefaultSeconds;
        Check(seconds, request.Name);
        var audiences = spec.Texts("audiences").ToArray();
        audiences = audiences.Length == 0 ? [tokens.Issuer] : audiences;
        var bound = spec.Object("boundObjectRef") is { } reference ? Bind(reference, request) : [];
        var now = time.GetUtcNow();
        body["kind"] = names.Kind;
        body["apiVersion"] = names.ApiVersion;
        body["metadata"] = new JsonObject
        {
            ["name"] = request.Name,
            ["namespace"] = request.Namespace,
            ["creationTimestamp"] = ObjectJson.Time(now),
        };
        spec["audiences"] = new JsonArray([.. audiences.Select(audience => JsonValue.Create(audience))]);
        spec["expirationSeconds"] = seconds;
        body["status"] = new JsonObject
        {
            ["token"] = request.DryRun ? "" : tokens.IssueBound(account, audiences, seconds, bound, now),
            ["expirationTimestamp"] = ObjectJson.Time(now + TimeSpan.FromSeconds(seconds)),
        };
        await ResponseWriter.WriteTypedAsync(request.Http, body, "authentication.TokenRequest", 201);
    }

    private static void Check(long seconds, string name)
    {
        var errors = new FieldErrors();
        switch (seconds)
        {
            case < ShortestSeconds:
                errors.Invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes");
                break;
            case > LongestSeconds:
                errors.Invalid("spec.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds");
                break;
            default:
                return;
        }

        throw StatusException.Invalid("authentication.k8s.io", "TokenRequest", name, errors);
    }

    private IReadOnlyList<(string Kind, string Name, string Uid)> Bind(JsonObject reference, ApiRequest request)
    {
        var (kind, version, name) = (reference.Text("kind") ?? "", reference.Text("apiVersion") ?? "", reference.Text("name") ?? "");
        var plural = (version, kind) switch
        {
            ("v1", "Pod") => "pods",
            ("v1", "Secret") => "secrets",
            ("v1", "Node") => "nodes",
            _ => throw StatusException.BadRequest($"cannot bind token to object of type {version}, Kind={kind}"),
        };
        var obj = reader.Get(catalog.Find("", plural), request.Namespace, name).Document();
        var uid = obj.Text("metadata", "uid") ?? "";
        if (reference.Text("uid") is { Length: > 0 } wanted && wanted != uid)
        {
            throw StatusException.Conflict(
                kind,
                name,
                $"the UID in the bound object reference ({wanted}) does not match the UID in record. The object might have been deleted and then recreated");
        }

        if (plural != "pods")
        {
            return [(plural[..^1], name, uid)];
        }

        if (obj.Text("spec", "serviceAccountName") != request.Name)
        {
            throw StatusException.BadRequest($"cannot bind token for serviceaccount \"{request.Name}\" to pod running with different serviceaccount name.");
        }

        return obj.Text("spec", "nodeName") is { Length: > 0 } node
            ? [("pod", name, uid), ("node", node, store.Current.Get(catalog.Find("", "nodes").Key("", node))?.Document().Text("metadata", "uid") ?? "")]
            : [("pod", name, uid)];
    }
}
