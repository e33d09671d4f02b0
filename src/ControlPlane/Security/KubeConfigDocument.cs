using System.Text;
using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Security;

/// <summary>The administrator's kubeconfig. JSON, which is YAML too.</summary>
internal static class KubeConfigDocument
{
    /// <param name="identity">Who the administrator is, and whose certificates are trusted.</param>
    /// <param name="server">Where the server is.</param>
    /// <param name="clusterName">What it is called.</param>
    /// <param name="tlsServerName">The name to ask the server for, and to expect in its certificate; null for the host of its address.</param>
    public static string Render(ClusterIdentity identity, Uri server, string clusterName, string? tlsServerName = null)
    {
        var user = new JsonObject
        {
            ["client-certificate-data"] = Base64(identity.Administrator.ExportCertificatePem()),
            ["client-key-data"] = Base64(ClusterIdentity.PrivateKeyPem(identity.Administrator)),
            ["token"] = identity.AdministratorToken,
        };
        var cluster = new JsonObject
        {
            ["server"] = server.ToString().TrimEnd('/'),
            ["certificate-authority-data"] = Base64(identity.Authority.Root.ExportCertificatePem()),
        };
        if (tlsServerName is not null)
        {
            cluster["tls-server-name"] = tlsServerName;
        }

        var document = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Config",
            ["clusters"] = new JsonArray(new JsonObject { ["name"] = clusterName, ["cluster"] = cluster }),
            ["users"] = new JsonArray(new JsonObject { ["name"] = $"{clusterName}-admin", ["user"] = user }),
            ["contexts"] = new JsonArray(new JsonObject
            {
                ["name"] = clusterName,
                ["context"] = new JsonObject { ["cluster"] = clusterName, ["user"] = $"{clusterName}-admin" },
            }),
            ["current-context"] = clusterName,
        };
        return document.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    private static string Base64(string pem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(pem.TrimEnd() + "\n"));
}
