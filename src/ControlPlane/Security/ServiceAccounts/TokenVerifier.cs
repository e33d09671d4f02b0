using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Security.ServiceAccounts;

/// <summary>What a token proves.</summary>
/// <param name="User">Whose it is; null when it proves nothing.</param>
/// <param name="Audiences">Those of the asked ones that it is for.</param>
/// <param name="Error">Why it proves nothing.</param>
internal sealed record TokenVerdict(UserInfo? User, IReadOnlyList<string> Audiences, string Error = "")
{
    public static TokenVerdict Refused(string why) => new(null, [], why);
}

/// <summary>Judges tokens of service accounts: signature, time, audience, and whether what they are bound to is still there.</summary>
internal sealed class TokenVerifier(ServiceAccountTokens tokens, IStore store, TimeProvider time)
{
    private const int Remembered = 4096;

    /// <summary>A pod's token serves it until it is gone, and a moment longer for what is under way.</summary>
    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(60);

    // Of signatures only: all else is judged anew at every request.
    private readonly ConcurrentDictionary<string, JsonObject> _signed = new(StringComparer.Ordinal);

    /// <param name="token">As in the Authorization header.</param>
    /// <param name="audiences">Who asks; empty for this server.</param>
    public TokenVerdict Verify(string token, IReadOnlyList<string> audiences)
    {
        if (Claims(token) is not { } claims)
        {
            return TokenVerdict.Refused("invalid bearer token");
        }

        var accepted = audiences.Count == 0 ? [tokens.Issuer] : audiences;
        return claims.Text("iss") == ServiceAccountTokens.LegacyIssuer ? VerifyLegacy(token, claims, accepted) : VerifyBound(claims, accepted);
    }

    private JsonObject? Claims(string token)
    {
        if (_signed.TryGetValue(token, out var known))
        {
            return known;
        }

        if (JsonWebToken.Read(token, tokens.Key) is not { } claims)
        {
            return null;
        }

        if (_signed.Count >= Remembered)
        {
            _signed.Clear();
        }

        _signed[token] = claims;
        return claims;
    }

    private TokenVerdict VerifyBound(JsonObject claims, IReadOnlyList<string> accepted)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        if (claims.Text("iss") != tokens.Issuer)
        {
            return TokenVerdict.Refused("invalid bearer token");
        }

        if (claims.Integer("exp") is not { } end || now > end)
        {
            return TokenVerdict.Refused("[invalid bearer token, service account token has expired]");
        }

        if (claims.Integer("nbf") > now)
        {
            return TokenVerdict.Refused("[invalid bearer token, service account token is not valid yet]");
        }

        var granted = accepted.Intersect(claims.Texts("aud")).ToArray();
        if (granted.Length == 0)
        {
            return TokenVerdict.Refused($"[invalid bearer token, token audiences {List(claims.Texts("aud"))} is invalid for the target audiences {List(accepted)}]");
        }

        var own = claims.Object(ServiceAccountTokens.Private) ?? [];
        var (ns, name) = (own.Text("namespace") ?? "", own.Text("serviceaccount", "name") ?? "");
        if (!Exists($"/registry/serviceaccounts/{ns}/{name}", own.Text("serviceaccount", "uid")))
        {
            return TokenVerdict.Refused("[invalid bearer token, service account token has been invalidated]");
        }

        var extra = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (kind, key) in new[] { ("pod", $"/registry/pods/{ns}/"), ("secret", $"/registry/secrets/{ns}/"), ("node", "/registry/minions/") })
        {
            if (own.Object(kind) is not { } bound)
            {
                continue;
            }

            // The node of a pod's token is told, not required.
            if ((kind != "node" || own.Object("pod") is null) && !Exists(key + bound.Text("name"), bound.Text("uid")))
            {
                return TokenVerdict.Refused("[invalid bearer token, service account token has been invalidated]");
            }

            if (kind != "secret")
            {
                extra[$"authentication.kubernetes.io/{kind}-name"] = bound.Text("name") ?? "";
                extra[$"authentication.kubernetes.io/{kind}-uid"] = bound.Text("uid") ?? "";
            }
        }

        if (claims.Text("jti") is { Length: > 0 } id)
        {
            extra["authentication.kubernetes.io/credential-id"] = "JTI=" + id;
        }

        return new TokenVerdict(User(ns, name, own.Text("serviceaccount", "uid") ?? "", extra), granted);
    }

    private TokenVerdict VerifyLegacy(string token, JsonObject claims, IReadOnlyList<string> accepted)
    {
        string Claim(string name) => claims.Text(ServiceAccountTokens.LegacyPrefix + name) ?? "";
        var (ns, account, uid) = (Claim("namespace"), Claim("service-account.name"), Claim("service-account.uid"));
        var secret = store.Current.Get($"/registry/secrets/{ns}/{Claim("secret.name")}")?.Document();
        var kept = secret?.Text("metadata", "deletionTimestamp") is null && secret?.Text("data", "token") is { } data && data == Convert.ToBase64String(Encoding.UTF8.GetBytes(token));
        return kept && accepted.Contains(tokens.Issuer) && Exists($"/registry/serviceaccounts/{ns}/{account}", uid)
            ? new TokenVerdict(User(ns, account, uid, new SortedDictionary<string, string>()), [tokens.Issuer])
            : TokenVerdict.Refused("[invalid bearer token, Token has been invalidated]");
    }

    private bool Exists(string key, string? uid) =>
        store.Current.Get(key)?.Document() is { } obj
        && (string.IsNullOrEmpty(uid) || obj.Text("metadata", "uid") == uid)
        && !(obj.Timestamp("metadata", "deletionTimestamp") is { } end && time.GetUtcNow() > end + Leeway);

    private static UserInfo User(string ns, string name, string uid, IReadOnlyDictionary<string, string> extra) =>
        UserInfo.ServiceAccount(ns, name) with { Uid = uid, Extra = extra.ToDictionary(entry => entry.Key, entry => (IReadOnlyList<string>)[entry.Value]) };

    private static string List(IEnumerable<string> audiences) => $"[{string.Join(" ", audiences.Select(audience => $"\"{audience}\""))}]";
}
