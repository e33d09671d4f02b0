using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Dataplane.ControlPlane;

/// <summary>Where etcd is and who to be there; the flags of kube-apiserver.</summary>
public sealed record EtcdOptions
{
    /// <summary>--etcd-servers: client addresses of the members, http or https.</summary>
    public required IReadOnlyList<Uri> Servers { get; init; }

    /// <summary>--etcd-cafile: PEM with the roots that members' certificates lead to; null trusts the machine's own.</summary>
    public string? CertificateAuthorityFile { get; init; }

    /// <summary>--etcd-certfile: PEM with the client certificate.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>--etcd-keyfile: PEM with its private key.</summary>
    public string? KeyFile { get; init; }

    /// <summary>--etcd-prefix: what keys begin with.</summary>
    public string Prefix { get; init; } = "/registry";

    /// <summary>--etcd-compaction-interval: how often the past is thrown away; zero leaves it to others.</summary>
    public TimeSpan CompactionInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <exception cref="IOException">A file that cannot be read or does not hold what it should; one line that names the flag.</exception>
    internal SslClientAuthenticationOptions Tls()
    {
        var tls = new SslClientAuthenticationOptions();
        if (CertificateAuthorityFile is { } authorities)
        {
            var roots = Read("--etcd-cafile", authorities, path =>
            {
                var found = new X509Certificate2Collection();
                found.ImportFromPemFile(path);
                return found;
            });
            tls.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            tls.CertificateChainPolicy.CustomTrustStore.AddRange(roots);
        }

        if ((CertificateFile is null) != (KeyFile is null))
        {
            throw new IOException("--etcd-certfile and --etcd-keyfile go together");
        }

        if (CertificateFile is { } certificate)
        {
            tls.ClientCertificates = [Read("--etcd-certfile", certificate, path => X509Certificate2.CreateFromPemFile(path, KeyFile))];
        }

        return tls;
    }

    private static T Read<T>(string flag, string path, Func<string, T> read)
    {
        try
        {
            return read(path);
        }
        catch (Exception failure) when (failure is System.Security.Cryptography.CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{flag} {path}: {failure.Message}", failure);
        }
    }
}
