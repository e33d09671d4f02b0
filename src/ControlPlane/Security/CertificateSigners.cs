using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Dataplane.ControlPlane.Security;

/// <summary>The signers of this cluster and what each of them signs. Source: kube-controller-manager's certificate signer and the documented signers.</summary>
internal static class CertificateSigners
{
    public const string ApiClient = "kubernetes.io/kube-apiserver-client";
    public const string KubeletClient = "kubernetes.io/kube-apiserver-client-kubelet";
    public const string KubeletServing = "kubernetes.io/kubelet-serving";
    public const string Nodes = "system:nodes";

    private const string NodePrefix = "system:node:";
    private const string AlternativeNames = "2.5.29.17";

    // Context tags of RFC 5280's GeneralName.
    private const int EmailTag = 1;
    private const int DnsTag = 2;
    private const int UriTag = 6;
    private const int AddressTag = 7;

    /// <summary>Reads a PKCS #10 request and checks its signature.</summary>
    /// <param name="pem">A block CERTIFICATE REQUEST.</param>
    /// <param name="problem">Why it cannot be read.</param>
    public static CertificateRequest? Parse(byte[] pem, out string problem)
    {
        problem = "PEM block type must be CERTIFICATE REQUEST";
        var text = Encoding.UTF8.GetString(pem);
        if (!PemEncoding.TryFind(text, out var found) || !text.AsSpan()[found.Label].SequenceEqual("CERTIFICATE REQUEST"))
        {
            return null;
        }

        try
        {
            return CertificateRequest.LoadSigningRequestPem(
                text.AsSpan()[found.Location], HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions, RSASignaturePadding.Pkcs1);
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException or NotSupportedException)
        {
            problem = failure.Message;
            return null;
        }
    }

    /// <summary>Why a signer does not sign a request; null when it does.</summary>
    /// <param name="signer">One of this cluster's.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="usages">What it shall be for.</param>
    public static string? Refusal(string signer, CertificateRequest request, IReadOnlyCollection<string> usages) => signer switch
    {
        ApiClient => ClientRefusal(usages),
        KubeletClient => NodeRefusal(request) ?? KubeletClientRefusal(request, usages),
        KubeletServing => NodeRefusal(request) ?? KubeletServingRefusal(request, usages),
        _ => $"{signer} is no signer of this cluster",
    };

    public static IEnumerable<string> Organizations(CertificateRequest request) => Parts(request, "2.5.4.10");

    public static string CommonName(CertificateRequest request) => Parts(request, "2.5.4.3").FirstOrDefault("");

    /// <summary>The subject alternative names extension a request has, to be taken into the certificate.</summary>
    public static X509Extension? Alternatives(CertificateRequest request) =>
        request.CertificateExtensions.FirstOrDefault(extension => extension.Oid?.Value == AlternativeNames);

    private static string? ClientRefusal(IReadOnlyCollection<string> usages)
    {
        var odd = usages.FirstOrDefault(
            usage => usage is not (CertificateUsages.DigitalSignature or CertificateUsages.KeyEncipherment or CertificateUsages.ClientAuthentication));
        return odd is not null
            ? $"invalid usage for client certificate: {odd}"
            : usages.Contains(CertificateUsages.ClientAuthentication) ? null : $"missing required usage for client certificate: {CertificateUsages.ClientAuthentication}";
    }

    private static string? NodeRefusal(CertificateRequest request) =>
        !Organizations(request).SequenceEqual([Nodes]) ? $"subject organization is not {Nodes}"
        : !CommonName(request).StartsWith(NodePrefix, StringComparison.Ordinal) ? $"subject common name does not begin with {NodePrefix}"
        : null;

    private static string? KubeletClientRefusal(CertificateRequest request, IReadOnlyCollection<string> usages)
    {
        var names = Names(request);
        return names.Contains(DnsTag) ? "DNS subjectAltNames are not allowed"
            : names.Contains(EmailTag) ? "Email subjectAltNames are not allowed"
            : names.Contains(AddressTag) ? "IP subjectAltNames are not allowed"
            : names.Contains(UriTag) ? "URI subjectAltNames are not allowed"
            : UsageRefusal(usages, CertificateUsages.ClientAuthentication);
    }

    private static string? KubeletServingRefusal(CertificateRequest request, IReadOnlyCollection<string> usages)
    {
        var names = Names(request);
        return !names.Contains(DnsTag) && !names.Contains(AddressTag) ? "DNS or IP subjectAltName is required"
            : names.Contains(EmailTag) ? "Email subjectAltNames are not allowed"
            : names.Contains(UriTag) ? "URI subjectAltNames are not allowed"
            : UsageRefusal(usages, CertificateUsages.ServerAuthentication);
    }

    /// <summary>An RSA key may encipher keys; no other usage goes with a kubelet's own.</summary>
    private static string? UsageRefusal(IReadOnlyCollection<string> usages, string purpose)
    {
        string[] required = [purpose, CertificateUsages.DigitalSignature];
        string[] known = [.. required, CertificateUsages.KeyEncipherment];
        return required.All(usages.Contains) && usages.All(known.Contains)
            ? null
            : $"usages did not match [{string.Join(' ', known.Order(StringComparer.Ordinal))}]";
    }

    private static IEnumerable<string> Parts(CertificateRequest request, string oid) => request.SubjectName.EnumerateRelativeDistinguishedNames()
        .Where(part => !part.HasMultipleElements && part.GetSingleElementType().Value == oid).Select(part => part.GetSingleElementValue() ?? "");

    /// <summary>Tags of the alternative names there are.</summary>
    private static HashSet<int> Names(CertificateRequest request)
    {
        var tags = new HashSet<int>();
        if (Alternatives(request) is { } extension)
        {
            var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                tags.Add(names.PeekTag().TagValue);
                names.ReadEncodedValue();
            }
        }

        return tags;
    }
}
