using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dataplane.ControlPlane.Security;

/// <summary>The cluster's own root: it signs the server's certificate and those of its clients. ECDSA P-256 throughout.</summary>
internal sealed class CertificateAuthority : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private static readonly TimeSpan RootLifetime = TimeSpan.FromDays(3650);
    private static readonly TimeSpan LeafLifetime = TimeSpan.FromDays(365);

    // Clocks of one cluster differ: a certificate made now must not be in the future elsewhere.
    private static readonly TimeSpan Backdate = TimeSpan.FromMinutes(5);

    private readonly TimeProvider _time;

    private CertificateAuthority(X509Certificate2 root, TimeProvider time)
    {
        Root = root;
        _time = time;
    }

    /// <summary>The root with its private key.</summary>
    public X509Certificate2 Root { get; }

    public static CertificateAuthority Create(TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=dataplane-ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = time.GetUtcNow();
        return new CertificateAuthority(request.CreateSelfSigned(now - Backdate, now + RootLifetime), time);
    }

    public static CertificateAuthority Of(X509Certificate2 root, TimeProvider time) => new(root, time);

    /// <param name="commonName">The subject.</param>
    /// <param name="alternativeNames">DNS names and addresses it is valid for.</param>
    public X509Certificate2 IssueServer(string commonName, IEnumerable<string> alternativeNames)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in alternativeNames)
        {
            if (IPAddress.TryParse(name, out var address))
            {
                names.AddIpAddress(address);
            }
            else
            {
                names.AddDnsName(name);
            }
        }

        return Issue($"CN={commonName}", ServerAuthentication, names.Build());
    }

    /// <param name="user">Becomes the user name (CN).</param>
    /// <param name="group">Becomes the group (O).</param>
    public X509Certificate2 IssueClient(string user, string group) => Issue($"O={group}, CN={user}", ClientAuthentication, null);

    /// <summary>Signs what somebody asks for: their key, subject and alternative names.</summary>
    /// <param name="asked">The request.</param>
    /// <param name="usages">What the certificate is for, in the names of <see cref="CertificateUsages"/>.</param>
    /// <param name="lifetime">How long it is valid; never longer than the root.</param>
    public X509Certificate2 Sign(CertificateRequest asked, IReadOnlyCollection<string> usages, TimeSpan lifetime)
    {
        var request = new CertificateRequest(asked.SubjectName, asked.PublicKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        foreach (var usage in CertificateUsages.Extensions(usages))
        {
            request.CertificateExtensions.Add(usage);
        }

        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Root, true, false));
        if (CertificateSigners.Alternatives(asked) is { } names)
        {
            request.CertificateExtensions.Add(names);
        }

        // The asker's key may be of another kind than the root's.
        using var key = Root.GetECDsaPrivateKey()!;
        var now = _time.GetUtcNow();
        var end = now + lifetime;
        return request.Create(Root.SubjectName, X509SignatureGenerator.CreateForECDsa(key), now - Backdate, end < Root.NotAfter ? end : Root.NotAfter, Serial());
    }

    /// <summary>Whether a certificate was signed by this root and is valid now.</summary>
    public bool Accepts(X509Certificate2 certificate) => Accepts([Root], certificate, _time);

    /// <summary>Whether one of some roots signed a certificate that is valid now.</summary>
    public static bool Accepts(X509Certificate2Collection roots, X509Certificate2 certificate, TimeProvider time)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        return chain.Build(certificate);
    }

    public void Dispose() => Root.Dispose();

    private X509Certificate2 Issue(string subject, string usage, X509Extension? alternativeNames)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Root, true, false));
        if (alternativeNames is not null)
        {
            request.CertificateExtensions.Add(alternativeNames);
        }

        var now = _time.GetUtcNow();
        using var certificate = request.Create(Root, now - Backdate, now + LeafLifetime, Serial());
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>Random, and positive as a number.</summary>
    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f;
        return serial;
    }
}
