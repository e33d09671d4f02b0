using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dataplane.Api.Client;
using Microsoft.AspNetCore.Http;

namespace Dataplane.Kubelet.Server;

/// <summary>Who may use the agent's API: holders of a client certificate of the cluster's CA, or of the agent's own token.</summary>
internal sealed class ClientAuthentication(KubeConfig config)
{
    private const string ClientAuthOid = "1.3.6.1.5.5.7.3.2";

    internal bool Accepts(X509Certificate2 certificate)
    {
        if (config.CertificateAuthorities is not { Count: > 0 } authorities)
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

    internal bool Accepts(HttpRequest request)
    {
        const string scheme = "Bearer ";
        var header = request.Headers.Authorization.ToString();
        return config.Token is { Length: > 0 } token && header.StartsWith(scheme, StringComparison.Ordinal)
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(header[scheme.Length..]), Encoding.UTF8.GetBytes(token));
    }
}
