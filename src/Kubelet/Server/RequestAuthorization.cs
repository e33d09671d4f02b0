using System.Collections.Concurrent;
using Dataplane.Api;
using Dataplane.Api.Client;
using Microsoft.AspNetCore.Http;

namespace Dataplane.Kubelet.Server;

/// <summary>Whether somebody may ask this: the API server decides (SubjectAccessReview on <c>nodes/SUBRESOURCE</c>), and is not asked the same again for a while.</summary>
internal sealed class RequestAuthorization(KubernetesClient client, KubeletOptions options, TimeProvider time)
{
    private const int MostRemembered = 1024;

    // The kubelet's authorization.webhook.cacheAuthorizedTTL and cacheUnauthorizedTTL.
    private static readonly TimeSpan AllowedFor = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan DeniedFor = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, (bool Allowed, DateTimeOffset Until)> _known = new(StringComparer.Ordinal);

    /// <returns>Null when they may; else the text of the refusal.</returns>
    internal async Task<string?> RefusalAsync(ReviewedUser user, HttpRequest request, CancellationToken cancellation)
    {
        if (options.AuthorizationMode == KubeletAuthorizationMode.AlwaysAllow)
        {
            return null;
        }

        var verb = VerbOf(request.Method);
        var subresources = SubresourcesOf(request.Path.Value ?? "");
        foreach (var subresource in subresources)
        {
            if (await IsAllowedAsync(user, verb, subresource, cancellation))
            {
                return null;
            }
        }

        return $"Forbidden (user={user.Username}, verb={verb}, resource=nodes, subresource(s)=[{string.Join(' ', subresources)}])";
    }

    /// <summary>The finer permission first, then the one that stands for all (KEP-2862).</summary>
    internal static string[] SubresourcesOf(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries) switch
    {
        ["stats", ..] => ["stats"],
        ["metrics", ..] => ["metrics"],
        ["logs", ..] => ["log"],
        ["checkpoint", ..] => ["checkpoint"],
        ["pods" or "runningpods", ..] => ["pods", "proxy"],
        ["healthz", ..] => ["healthz", "proxy"],
        ["configz", ..] => ["configz", "proxy"],
        _ => ["proxy"],
    };

    private static string VerbOf(string method) => method switch
    {
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "get",
    };

    private async Task<bool> IsAllowedAsync(ReviewedUser user, string verb, string subresource, CancellationToken cancellation)
    {
        var key = string.Join('\n', [user.Username, user.UID ?? "", verb, subresource, .. user.Groups]);
        var now = time.GetUtcNow();
        if (_known.TryGetValue(key, out var known) && known.Until > now)
        {
            return known.Allowed;
        }

        var answer = await client.ReviewAccessAsync(
            new SubjectAccessReview
            {
                Spec = new SubjectAccessReviewSpec
                {
                    User = user.Username,
                    UID = user.UID,
                    Groups = user.Groups,
                    Extra = user.Extra,
                    ResourceAttributes = new ReviewedResource { Verb = verb, Version = "v1", Resource = "nodes", Subresource = subresource, Name = options.NodeName },
                },
            },
            cancellation);
        if (_known.Count >= MostRemembered)
        {
            _known.Clear();
        }

        _known[key] = (answer.Status.Allowed, now + (answer.Status.Allowed ? AllowedFor : DeniedFor));
        return answer.Status.Allowed;
    }
}
