using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dataplane.ControlPlane.Security;

/// <summary>What certificates are for, as certificates.k8s.io names it. Source: RFC 5280, 4.2.1.3 and 4.2.1.12.</summary>
internal static class CertificateUsages
{
    public const string DigitalSignature = "digital signature";
    public const string KeyEncipherment = "key encipherment";
    public const string ClientAuthentication = "client auth";
    public const string ServerAuthentication = "server auth";

    private static readonly Dictionary<string, X509KeyUsageFlags> Flags = new(StringComparer.Ordinal)
    {
        ["signing"] = X509KeyUsageFlags.DigitalSignature,
        [DigitalSignature] = X509KeyUsageFlags.DigitalSignature,
        ["content commitment"] = X509KeyUsageFlags.NonRepudiation,
        [KeyEncipherment] = X509KeyUsageFlags.KeyEncipherment,
        ["key agreement"] = X509KeyUsageFlags.KeyAgreement,
        ["data encipherment"] = X509KeyUsageFlags.DataEncipherment,
        ["cert sign"] = X509KeyUsageFlags.KeyCertSign,
        ["crl sign"] = X509KeyUsageFlags.CrlSign,
        ["encipher only"] = X509KeyUsageFlags.EncipherOnly,
        ["decipher only"] = X509KeyUsageFlags.DecipherOnly,
    };

    private static readonly Dictionary<string, string> Extended = new(StringComparer.Ordinal)
    {
        ["any"] = "2.5.29.37.0",
        [ServerAuthentication] = "1.3.6.1.5.5.7.3.1",
        [ClientAuthentication] = "1.3.6.1.5.5.7.3.2",
        ["code signing"] = "1.3.6.1.5.5.7.3.3",
        ["email protection"] = "1.3.6.1.5.5.7.3.4",
        ["s/mime"] = "1.3.6.1.5.5.7.3.4",
        ["ipsec end system"] = "1.3.6.1.5.5.7.3.5",
        ["ipsec tunnel"] = "1.3.6.1.5.5.7.3.6",
        ["ipsec user"] = "1.3.6.1.5.5.7.3.7",
        ["timestamping"] = "1.3.6.1.5.5.7.3.8",
        ["ocsp signing"] = "1.3.6.1.5.5.7.3.9",
        ["microsoft sgc"] = "1.3.6.1.4.1.311.10.3.3",
        ["netscape sgc"] = "2.16.840.1.113730.4.1",
    };

    /// <summary>Every name there is.</summary>
    public static IReadOnlySet<string> All { get; } = Flags.Keys.Concat(Extended.Keys).ToHashSet(StringComparer.Ordinal);

    /// <summary>The extensions that say so.</summary>
    public static IEnumerable<X509Extension> Extensions(IReadOnlyCollection<string> usages)
    {
        var flags = usages.Aggregate(X509KeyUsageFlags.None, (all, usage) => all | Flags.GetValueOrDefault(usage));
        if (flags != X509KeyUsageFlags.None)
        {
            yield return new X509KeyUsageExtension(flags, critical: true);
        }

        var purposes = new OidCollection();
        foreach (var purpose in usages.Select(usage => Extended.GetValueOrDefault(usage)).OfType<string>().Distinct())
        {
            purposes.Add(new Oid(purpose));
        }

        if (purposes.Count > 0)
        {
            yield return new X509EnhancedKeyUsageExtension(purposes, critical: false);
        }
    }
}
