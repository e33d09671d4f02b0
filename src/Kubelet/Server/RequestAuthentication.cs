using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;
using Microsoft.AspNetCore.Http;

namespace Dataplane.Kubelet.Server;

/// <summary>
/// Who asks: the holder of a client certificate of the cluster's CA, or of a token that the API server knows (TokenReview), or nobody in particular.
/// </summary>
internal sealed class RequestAuthentication(KubernetesClient client, KubeletOptions options, TimeProvider time)
{
    internal const string Anonymous = "system:anonymous";
    private const string ClientAuthOid = "1.3.6.1.5.5.7.3.2";
    private const string CommonName = "2.5.4.3";
    private const string Organization = "2.5.4.10";
    private const int MostRemembered = 1024;

    // The kubelet's authentication.webhook.cacheTTL.
    private static readonly TimeSpan RememberedFor = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<string, (ReviewedUser User, DateTimeOffset Until)> _known = new(StringComparer.Ordinal);

    /// <summary>Whether a certificate is one of the cluster's for clients.</summary>
    internal bool Accepts(X509Certificate2 certificate)
    {
        if (options.KubeConfig.CertificateAuthorities is not { Count: > 0 } authorities)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthOid));
        return chain.Build(certificate);
    }

    /// <returns>Null for one who is to be refused: no credentials where they are needed, or wrong ones.</returns>
    internal async Task<ReviewedUser?> IdentifyAsync(HttpContext http)
    {
        // The handshake has checked it.
        if (http.Connection.ClientCertificate is { } certificate)
        {
            return Of(certificate);
        }

        const string scheme = "Bearer ";
        var header = http.Request.Headers.Authorization.ToString();
        if (header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) && header[scheme.Length..].Trim() is { Length: > 0 } token)
        {
            return options.AuthenticationTokenWebhook ? await ReviewAsync(token, http.RequestAborted) : null;
        }

        return options.AnonymousAuth ? new ReviewedUser { Username = Anonymous, Groups = ["system:unauthenticated"] } : null;
    }

    /// <summary>As upstream reads a subject: the common name is the user, organizations are the groups.</summary>
    private static ReviewedUser Of(X509Certificate2 certificate)
    {
        var user = new ReviewedUser();
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames().Where(part => !part.HasMultipleElements))
        {
            switch (part.GetSingleElementType().Value)
            {
                case CommonName:
                    user.Username = part.GetSingleElementValue() ?? "";
                    break;
                case Organization:
                    user.Groups.Add(part.GetSingleElementValue() ?? "");
                    break;
            }
        }

        user.Groups.Add("system:authenticated");
        return user;
    }

    private async Task<ReviewedUser?> ReviewAsync(string token, CancellationToken cancellation)
    {
        // Not the token itself: memory is read more easily than one thinks.
        var key = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        var now = time.GetUtcNow();
        if (_known.TryGetValue(key, out var known) && known.Until > now)
        {
            return known.User;
        }

        var answer = await client.ReviewTokenAsync(new TokenReview { Spec = new TokenReviewSpec { Token = token } }, cancellation);
        if (!answer.Status.Authenticated)
        {
            _known.TryRemove(key, out _);
            return null;
        }

        if (_known.Count >= MostRemembered)
        {
            _known.Clear();
        }

        _known[key] = (answer.Status.User, now + RememberedFor);
        return answer.Status.User;
    }
}
