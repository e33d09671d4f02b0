using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Security;

/// <summary>Who a request is from.</summary>
/// <param name="Name">User name.</param>
/// <param name="Groups">Groups.</param>
internal sealed record UserInfo(string Name, IReadOnlyList<string> Groups);

/// <summary>Client certificates of the cluster's CA, and the administrator's bearer token.</summary>
internal sealed class Authenticator(ClusterIdentity identity)
{
    private const string Bearer = "Bearer ";
    private readonly byte[] _tokenHash = SHA256.HashData(Encoding.UTF8.GetBytes(identity.AdministratorToken));

    /// <returns>Null when the request shows nothing, or something that is not valid.</returns>
    public UserInfo? Authenticate(HttpContext http)
    {
        // The handshake accepted only certificates of this CA.
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
        var given = SHA256.HashData(Encoding.UTF8.GetBytes(header[Bearer.Length..].Trim()));
        return CryptographicOperations.FixedTimeEquals(given, _tokenHash)
            ? new UserInfo("kubernetes-admin", ["system:masters", "system:authenticated"])
            : null;
    }
}
