using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dataplane.Api.Client;

/// <summary>How to reach an API server and who to be there.</summary>
public sealed record KubeConfig
{
    private const string ServiceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>The server's root, with a trailing slash.</summary>
    public required Uri Server { get; init; }

    /// <summary>Trusted roots; null trusts the machine's own.</summary>
    public X509Certificate2Collection? CertificateAuthorities { get; init; }

    /// <summary>Whether the server's certificate goes unchecked.</summary>
    public bool SkipTlsVerify { get; init; }

    /// <summary>The name to expect in the server's certificate, where it is not the host of <see cref="Server"/>.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>A client certificate with its private key.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>A bearer token.</summary>
    public string? Token { get; init; }

    /// <summary>A file with a bearer token that is renewed in place; wins over <see cref="Token"/>.</summary>
    public string? TokenFile { get; init; }

    /// <summary>The context's namespace.</summary>
    public string Namespace { get; init; } = "default";

    /// <summary>Reads a kubeconfig file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="context">The context; the file's current one when null.</param>
    /// <exception cref="KubeConfigException">One line that names the file, the field and the problem.</exception>
    public static KubeConfig Load(string path, string? context = null) => KubeConfigFile.Load(path, context);

    /// <summary>$KUBECONFIG's first file, else ~/.kube/config.</summary>
    /// <exception cref="KubeConfigException">One line that names the file, the field and the problem.</exception>
    public static KubeConfig LoadDefault()
    {
        var listed = Environment.GetEnvironmentVariable("KUBECONFIG")
            ?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return Load(listed ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".kube", "config"));
    }

    /// <summary>The service account of the pod this process runs in.</summary>
    /// <exception cref="KubeConfigException">Not in a pod, or its token or CA is unreadable.</exception>
    public static KubeConfig InCluster() => InCluster(ServiceAccountDirectory, Environment.GetEnvironmentVariable);

    internal static KubeConfig InCluster(string directory, Func<string, string?> environment)
    {
        var (host, port) = (environment("KUBERNETES_SERVICE_HOST"), environment("KUBERNETES_SERVICE_PORT"));
        if (string.IsNullOrEmpty(host) || string.IsNullOrEmpty(port))
        {
            throw new KubeConfigException("not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
        }

        var (token, authority) = (Path.Combine(directory, "token"), Path.Combine(directory, "ca.crt"));
        var namespaceFile = Path.Combine(directory, "namespace");
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(File.ReadAllText(authority));
            return new KubeConfig
            {
                Server = new Uri($"https://{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{port}/"),
                CertificateAuthorities = authorities,
                Token = File.ReadAllText(token).Trim(),
                TokenFile = token,
                Namespace = File.Exists(namespaceFile) ? File.ReadAllText(namespaceFile).Trim() : "default",
            };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException or UriFormatException)
        {
            throw new KubeConfigException($"in-cluster credentials in {directory}: {error.Message}", error);
        }
    }
}

/// <summary>Client configuration that cannot be used: one line with file, field and problem.</summary>
public sealed class KubeConfigException(string message, Exception? inner = null) : Exception(message, inner);
