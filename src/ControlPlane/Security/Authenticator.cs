using System.Security.Cryptography;
using System.Text;
using Dataplane.ControlPlane.Security.ServiceAccounts;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Security;

/// <summary>Client certificates, the administrator's bearer token, tokens that are written down, and tokens of service accounts.</summary>
internal sealed class Authenticator(ClusterIdentity identity, TokenVerifier tokens, TokenFile? file)
{
    private const string Bearer = "Bearer ";
    private readonly byte[] _tokenHash = SHA256.HashData(Encoding.UTF8.GetBytes(identity.AdministratorToken));

    /// <returns>Null when the request shows nothing, or something that is not valid.</returns>
    public UserInfo? Authenticate(HttpContext http)
    {
        // The handshake accepted only certificates of the known roots.
        if (http.Connection.ClientCertificate is { } certificate)
        {
            var subject = certificate.SubjectName.EnumerateRelativeDistinguishedNames().ToArray();
            var name = subject.FirstOrDefault(part => part.GetSingleElementType().Value == "2.5.4.3")?.GetSingleElementValue() ?? "";
            var groups = subject.Where(part => part.GetSingleElementType().Value == "2.5.4.10").Select(part => part.GetSingleElementValue() ?? "");
            return new UserInfo(name, [.. groups, "system:authenticated"]);
        }

        var header = http.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        // Hashes of equal length: the comparison's time says nothing about the token.
        var token = header[Bearer.Length..].Trim();
        var given = SHA256.HashData(Encoding.UTF8.GetBytes(token));
        return CryptographicOperations.FixedTimeEquals(given, _tokenHash)
            ? new UserInfo("kubernetes-admin", ["system:masters", "system:authenticated"])
            : file?.Find(token) ?? tokens.Verify(token, []).User;
    }
}
