using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Security.ServiceAccounts;

/// <summary>Issues the tokens of service accounts. Claims are upstream's, so that whoever verifies those verifies these.</summary>
/// <param name="Key">Signs.</param>
/// <param name="Issuer">The URL in iss, and the audience of tokens that name none.</param>
internal sealed record ServiceAccountTokens(ServiceAccountKey Key, string Issuer)
{
    public const string LegacyIssuer = "kubernetes/serviceaccount";
    public const string LegacyPrefix = "kubernetes.io/serviceaccount/";
    public const string Private = "kubernetes.io";

    /// <summary>What the pod admission asks for; such a token lives longer than it says, for clients that never read it again.</summary>
    public const long AutomaticSeconds = 3607;

    private static readonly TimeSpan ExtendedLifetime = TimeSpan.FromDays(365);

    /// <summary>A token bound in time, and to an object if one is given.</summary>
    /// <param name="account">The service account's object.</param>
    /// <param name="audiences">Who may accept it.</param>
    /// <param name="seconds">Lifetime.</param>
    /// <param name="bound">Objects it ends with: "pod", "secret" or "node" with name and uid.</param>
    /// <param name="now">The clock.</param>
    public string IssueBound(
        JsonObject account, IReadOnlyList<string> audiences, long seconds, IReadOnlyList<(string Kind, string Name, string Uid)> bound, DateTimeOffset now)
    {
        var (ns, name) = (account.Text("metadata", "namespace")!, account.Text("metadata", "name")!);
        var issued = now.ToUnixTimeSeconds();
        var extended = seconds == AutomaticSeconds && bound.Any(entry => entry.Kind == "pod") && audiences.Contains(Issuer);
        var claims = new JsonObject { ["namespace"] = ns };
        foreach (var (kind, boundName, uid) in bound.OrderBy(entry => entry.Kind, StringComparer.Ordinal))
        {
            claims[kind] = Reference(boundName, uid);
        }

        claims["serviceaccount"] = Reference(name, account.Text("metadata", "uid") ?? "");
        if (extended)
        {
            claims["warnafter"] = issued + seconds;
        }

        return JsonWebToken.Write(
            new JsonObject
            {
                ["aud"] = new JsonArray([.. audiences.Select(audience => JsonValue.Create(audience))]),
                ["exp"] = issued + (extended ? (long)ExtendedLifetime.TotalSeconds : seconds),
                ["iat"] = issued,
                ["iss"] = Issuer,
                ["jti"] = Guid.NewGuid().ToString(),
                [Private] = claims,
                ["nbf"] = issued,
                ["sub"] = Subject(ns, name),
            },
            Key);
    }

    /// <summary>A token without an end, for a Secret of the type kubernetes.io/service-account-token.</summary>
    public string IssueLegacy(string ns, string account, string accountUid, string secret) => JsonWebToken.Write(
        new JsonObject
        {
            ["iss"] = LegacyIssuer,
            [LegacyPrefix + "namespace"] = ns,
            [LegacyPrefix + "secret.name"] = secret,
            [LegacyPrefix + "service-account.name"] = account,
            [LegacyPrefix + "service-account.uid"] = accountUid,
            ["sub"] = Subject(ns, account),
        },
        Key);

    public static string Subject(string ns, string name) => $"system:serviceaccount:{ns}:{name}";

    private static JsonObject Reference(string name, string uid) => new() { ["name"] = name, ["uid"] = uid };
}
