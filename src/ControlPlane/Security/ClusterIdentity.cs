using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dataplane.ControlPlane.Security.ServiceAccounts;

namespace Dataplane.ControlPlane.Security;

/// <summary>
/// The secrets of one cluster: its CA, the server's certificate, the administrator's certificate and token, the key of service account tokens. Made at first start
/// in DATADIR/pki and read again later; leaf certificates are renewed when less than a month is left or a name is missing.
/// </summary>
internal sealed class ClusterIdentity : IDisposable
{
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    private ClusterIdentity(CertificateAuthority authority, X509Certificate2 server, X509Certificate2 administrator, X509Certificate2 kubeletClient, string token, ServiceAccountKey accounts)
    {
        ServiceAccounts = accounts;
        Authority = authority;
        Server = server;
        Administrator = administrator;
        KubeletClient = kubeletClient;
        AdministratorToken = token;
    }

    public CertificateAuthority Authority { get; }

    public X509Certificate2 Server { get; }

    public X509Certificate2 Administrator { get; }

    /// <summary>What the server shows to kubelets.</summary>
    public X509Certificate2 KubeletClient { get; }

    public string AdministratorToken { get; }

    /// <summary>Signs the tokens of service accounts.</summary>
    public ServiceAccountKey ServiceAccounts { get; }

    /// <param name="dataDirectory">Null keeps everything in memory.</param>
    /// <param name="serverNames">DNS names and addresses of the server.</param>
    /// <param name="time">Clock for validity.</param>
    /// <exception cref="IOException">The directory cannot be read or written; the message names it.</exception>
    public static ClusterIdentity Load(string? dataDirectory, IReadOnlyList<string> serverNames, TimeProvider time)
    {
        var directory = dataDirectory is null ? null : Path.Combine(dataDirectory, "pki");
        if (directory is not null)
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        var root = Read(directory, "ca");
        var authority = root is null ? CertificateAuthority.Create(time) : CertificateAuthority.Of(root, time);
        if (root is null)
        {
            Write(directory, "ca", authority.Root);
        }

        X509Certificate2 Leaf(string name, Func<X509Certificate2> issue, Func<X509Certificate2, bool>? fits = null)
        {
            var existing = Read(directory, name);
            if (existing is not null && existing.NotAfter - time.GetUtcNow().UtcDateTime > RenewBefore && authority.Accepts(existing) && (fits?.Invoke(existing) ?? true))
            {
                return existing;
            }

            existing?.Dispose();
            var issued = issue();
            Write(directory, name, issued);
            return issued;
        }

        return new ClusterIdentity(
            authority,
            Leaf("apiserver", () => authority.IssueServer("kube-apiserver", serverNames), certificate => serverNames.All(name => certificate.MatchesHostname(name))),
            Leaf("admin", () => authority.IssueClient("kubernetes-admin", "system:masters")),
            Leaf("apiserver-kubelet-client", () => authority.IssueClient("kube-apiserver-kubelet-client", "system:masters")),
            LoadToken(directory),
            ServiceAccountKey.Load(directory));
    }

    public void Dispose()
    {
        Authority.Dispose();
        Server.Dispose();
        Administrator.Dispose();
        KubeletClient.Dispose();
        ServiceAccounts.Dispose();
    }

    private static string LoadToken(string? directory)
    {
        var path = directory is null ? null : Path.Combine(directory, "admin.token");
        if (path is not null && File.Exists(path))
        {
            return File.ReadAllText(path).Trim();
        }

        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        if (path is not null)
        {
            OwnerOnlyFile.Write(path, token);
        }

        return token;
    }

    private static X509Certificate2? Read(string? directory, string name)
    {
        if (directory is null || !File.Exists(Path.Combine(directory, name + ".crt")))
        {
            return null;
        }

        try
        {
            return X509Certificate2.CreateFromPemFile(Path.Combine(directory, name + ".crt"), Path.Combine(directory, name + ".key"));
        }
        catch (Exception failure) when (failure is CryptographicException or FileNotFoundException)
        {
            throw new IOException($"{Path.Combine(directory, name)}.crt and .key are no certificate with its key: {failure.Message}", failure);
        }
    }

    private static void Write(string? directory, string name, X509Certificate2 certificate)
    {
        if (directory is null)
        {
            return;
        }

        OwnerOnlyFile.Write(Path.Combine(directory, name + ".key"), PrivateKeyPem(certificate));
        OwnerOnlyFile.Write(Path.Combine(directory, name + ".crt"), certificate.ExportCertificatePem() + "\n");
    }

    internal static string PrivateKeyPem(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem() + "\n";
    }
}
