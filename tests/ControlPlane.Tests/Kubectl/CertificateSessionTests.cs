using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Dataplane.ControlPlane.Tests.Kubectl;

/// <summary>kubectl certificate, by versions that write JSON and protobuf.</summary>
public sealed class CertificateSessionTests(KubectlFixture kubectl) : IClassFixture<KubectlFixture>
{
    [Theory]
    [InlineData(null)]
    [InlineData("1.29")]
    [InlineData("1.33")]
    public async Task A_request_is_approved_or_denied(string? version)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = new CertificateRequest("O=devs, CN=jane", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
        var yaml = $"""
            apiVersion: certificates.k8s.io/v1
            kind: CertificateSigningRequest
            metadata: NAME
            spec:
              signerName: kubernetes.io/kube-apiserver-client
              request: {Convert.ToBase64String(Encoding.ASCII.GetBytes(pem))}
              usages: [client auth]
              expirationSeconds: 86400
            """;
        Assert.Equal("certificatesigningrequest.certificates.k8s.io/granted created\n", await Run("create -f -", Named("granted")));
        Assert.Matches(@"^granted +\S+ +kubernetes.io/kube-apiserver-client +kubernetes-admin +24h +Pending\n$", await Run("get csr granted --no-headers"));
        Assert.Equal("certificatesigningrequest.certificates.k8s.io/granted approved\n", await Run("certificate approve granted"));
        await kubectl.EventuallyAsync("get csr granted", "Approved,Issued");
        Assert.Contains("Common Name:    jane", await Run("describe csr granted"));
        Assert.Equal("No resources found\n", await Run("get csr --field-selector=spec.signerName=example.com/other"));

        Assert.Equal("certificatesigningrequest.certificates.k8s.io/refused created\n", await Run("create -f -", Named("refused")));
        Assert.Equal("certificatesigningrequest.certificates.k8s.io/refused denied\n", await Run("certificate deny -f -", Named("refused")));
        Assert.Contains("Denied", await Run("get csr refused"));
        Assert.Equal(
            "certificatesigningrequest.certificates.k8s.io \"granted\" deleted\ncertificatesigningrequest.certificates.k8s.io \"refused\" deleted\n", await Run("delete csr granted refused"));

        string Named(string name) => yaml.Replace("NAME", $"{{name: {name}}}", StringComparison.Ordinal);

        Task<string> Run(string arguments, string input = "") => kubectl.RunAsync(arguments, input, version);
    }
}
