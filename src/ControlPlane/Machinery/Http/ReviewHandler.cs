using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Security;
using Dataplane.ControlPlane.Security.ServiceAccounts;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>Questions that are answered and never stored: who am I, what does this token prove, may somebody do something.</summary>
internal sealed class ReviewHandler(TokenVerifier tokens)
{
    /// <exception cref="StatusException">400 or 422: not a question.</exception>
    public async Task HandleAsync(ApiRequest request)
    {
        var names = request.Descriptor.Names;
        var review = await RequestBody.ReadObjectAsync(request.Http, request.Descriptor);
        review["kind"] = names.Kind;
        review["apiVersion"] = names.ApiVersion;
        var metadata = review.Metadata();
        if (names.Namespaced)
        {
            metadata.Default("namespace", request.Namespace);
        }

        metadata["creationTimestamp"] = null;
        var spec = review.Object("spec") ?? [];
        review["status"] = names.Kind switch
        {
            "SelfSubjectReview" => new JsonObject { ["userInfo"] = Document(request.User) },
            "TokenReview" => Token(spec),
            "SelfSubjectRulesReview" => Rules(spec),
            _ => Access(request, spec),
        };
        await ResponseWriter.WriteTypedAsync(request.Http, review, request.Descriptor.SchemaName, 201);
    }

    /// <summary>Whoever is known may do everything: there are no roles here.</summary>
    private static JsonObject Access(ApiRequest request, JsonObject spec)
    {
        var errors = new FieldErrors();
        var (resource, other) = (spec.Object("resourceAttributes"), spec.Object("nonResourceAttributes"));
        if (resource is not null && other is not null)
        {
            errors.InvalidRaw("spec.nonResourceAttributes", other.ToJsonString(), "cannot be specified in combination with resourceAttributes");
        }
        else if (resource is null && other is null)
        {
            errors.InvalidRaw("spec.resourceAttributes", "null", "exactly one of nonResourceAttributes or resourceAttributes must be specified");
        }

        if (request.Descriptor.Names.Kind != "SelfSubjectAccessReview" && spec.Text("user") is null or "" && !spec.Texts("groups").Any())
        {
            errors.Invalid("spec.user", "", "at least one of user or group must be specified");
        }

        if (request.Descriptor.Names.Kind == "LocalSubjectAccessReview")
        {
            if (other is not null)
            {
                errors.InvalidRaw("spec.nonResourceAttributes", other.ToJsonString(), "disallowed on this kind of request");
            }
            else if (resource is not null && resource.Text("namespace") != request.Namespace)
            {
                throw StatusException.BadRequest($"spec.resourceAttributes.namespace must match namespace: {request.Namespace}");
            }
        }

        return errors.All.Count == 0
            ? new JsonObject { ["allowed"] = true }
            : throw StatusException.Invalid(request.Descriptor.Names.Group, request.Descriptor.Names.Kind, "", errors);
    }

    private static JsonObject Rules(JsonObject spec) => spec.Text("namespace") is null or ""
        ? throw StatusException.BadRequest("no namespace on request")
        : new JsonObject
        {
            ["resourceRules"] = new JsonArray(
                new JsonObject { ["verbs"] = new JsonArray("*"), ["apiGroups"] = new JsonArray("*"), ["resources"] = new JsonArray("*") }),
            ["nonResourceRules"] = new JsonArray(new JsonObject { ["verbs"] = new JsonArray("*"), ["nonResourceURLs"] = new JsonArray("*") }),
            ["incomplete"] = false,
        };

    private JsonObject Token(JsonObject spec)
    {
        if (spec.Text("token") is not { Length: > 0 } token)
        {
            throw StatusException.BadRequest("token is required for TokenReview in authentication");
        }

        var verdict = tokens.Verify(token, [.. spec.Texts("audiences")]);
        return verdict.User is { } user
            ? new JsonObject { ["authenticated"] = true, ["user"] = Document(user), ["audiences"] = Texts(verdict.Audiences) }
            : new JsonObject { ["user"] = new JsonObject(), ["error"] = verdict.Error };
    }

    private static JsonObject Document(UserInfo user)
    {
        var document = new JsonObject { ["username"] = user.Name };
        if (user.Uid.Length > 0)
        {
            document["uid"] = user.Uid;
        }

        document["groups"] = Texts(user.Groups);
        if (user.Extra.Count > 0)
        {
            document["extra"] = new JsonObject(user.Extra.Select(entry => KeyValuePair.Create<string, JsonNode?>(entry.Key, Texts(entry.Value))));
        }

        return document;
    }

    private static JsonArray Texts(IEnumerable<string> values) => new([.. values.Select(value => JsonValue.Create(value))]);
}
