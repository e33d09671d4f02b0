using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Security;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>The Impersonate-* headers: who a request is to be taken as from (kubectl --as).</summary>
internal static class Impersonation
{
    private const string ExtraPrefix = "Impersonate-Extra-";

    /// <exception cref="StatusException">400: groups, a uid or extras without a user.</exception>
    public static UserInfo Apply(HttpContext http, UserInfo user)
    {
        var headers = http.Request.Headers;
        var name = headers["Impersonate-User"].ToString();
        var groups = headers["Impersonate-Group"].OfType<string>().ToArray();
        var uid = headers["Impersonate-Uid"].ToString();
        var extra = headers.Where(header => header.Key.StartsWith(ExtraPrefix, StringComparison.OrdinalIgnoreCase)).ToDictionary(
            header => Uri.UnescapeDataString(header.Key[ExtraPrefix.Length..]).ToLowerInvariant(),
            header => (IReadOnlyList<string>)[.. header.Value.OfType<string>()]);
        if (name.Length == 0)
        {
            return groups.Length + uid.Length + extra.Count == 0
                ? user
                : throw StatusException.Internal("requested impersonation without specifying a user");
        }

        return UserInfo.Named(name, groups) with { Uid = uid, Extra = extra };
    }
}
