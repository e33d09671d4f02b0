using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dataplane.Api.Client;

namespace Dataplane.Api.Tests.Client;

public sealed class KubeConfigTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dp-t-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Reads_inline_and_file_credentials()
    {
        var (certificate, key) = SelfSigned();
        File.WriteAllText(Path.Combine(_directory, "ca.crt"), certificate);
        var config = KubeConfig.Load(Write(
            $$"""
            current-context: here
            contexts:
            - name: elsewhere
              context: {cluster: c, user: u}
            - name: here
              context: {cluster: c, user: u, namespace: prod}
            clusters:
            - name: c
              cluster:
                server: https://10.0.0.1:6443
                certificate-authority: ca.crt
                tls-server-name: kubernetes
            users:
            - name: u
              user:
                token: secret
                client-certificate-data: {{Base64(certificate)}}
                client-key-data: {{Base64(key)}}
            """));

        Assert.Equal(new Uri("https://10.0.0.1:6443/"), config.Server);
        Assert.Equal("prod", config.Namespace);
        Assert.Equal("kubernetes", config.TlsServerName);
        Assert.Equal("secret", config.Token);
        Assert.Equal("CN=test", Assert.Single(config.CertificateAuthorities!).Subject);
        Assert.True(config.ClientCertificate!.HasPrivateKey);
        Assert.False(config.SkipTlsVerify);
    }

    [Theory]
    [InlineData("server: https://x", "current-context: nowhere", "contexts: none is named \"nowhere\"")]
    [InlineData("server: ftp://x", "current-context: a", "clusters[0].cluster.server: \"ftp://x\" is not an http or https address")]
    [InlineData("other: 1", "current-context: a", "clusters[0].cluster.server: missing")]
    [InlineData("server: [x]", "current-context: a", "clusters[0].cluster.server: must be text")]
    [InlineData("{server: 'https://x', certificate-authority-data: '%'}", "current-context: a", "clusters[0].cluster.certificate-authority-data: not base64")]
    [InlineData("{server: 'https://x', certificate-authority-data: 'aGFsbG8='}", "current-context: a", "clusters[0].cluster.certificate-authority-data: holds no PEM certificate")]
    [InlineData("{server: 'https://x', insecure-skip-tls-verify: perhaps}", "current-context: a", "clusters[0].cluster.insecure-skip-tls-verify: \"perhaps\" is neither true nor false")]
    [InlineData("server: https://x", "kind: Config", "current-context: missing")]
    [InlineData("server: https://x", "current-context: b", "users[1].user.exec: this way of signing in is not supported; use a token or a client certificate")]
    [InlineData("server: https://x", "current-context: c", "users[2].user.client-key: missing beside the client certificate")]
    public void A_bad_file_is_told_in_one_line(string cluster, string current, string problem)
    {
        var path = Write(
            $$$"""
            {{{current}}}
            contexts:
            - {name: a, context: {cluster: c}}
            - {name: b, context: {cluster: c, user: runs}}
            - {name: c, context: {cluster: c, user: half}}
            clusters:
            - name: c
              cluster: {{{(cluster.StartsWith('{') ? cluster : "{" + cluster + "}")}}}
            users:
            - {name: unused, user: {}}
            - {name: runs, user: {exec: {command: x} } }
            - {name: half, user: {client-certificate-data: aGFsbG8=} }
            """);

        Assert.Equal($"kubeconfig {path}: {problem}", Assert.Throws<KubeConfigException>(() => KubeConfig.Load(path)).Message);
    }

    [Theory]
    [InlineData("a: [1", "line ")]
    [InlineData("just text", "not a YAML mapping")]
    [InlineData("", "not a YAML mapping")]
    public void A_file_that_is_none_is_told(string content, string problem)
    {
        var path = Write(content);

        Assert.StartsWith($"kubeconfig {path}: {problem}", Assert.Throws<KubeConfigException>(() => KubeConfig.Load(path)).Message);
    }

    [Fact]
    public void A_missing_file_is_told() =>
        Assert.StartsWith("kubeconfig /nowhere/config: ", Assert.Throws<KubeConfigException>(() => KubeConfig.Load("/nowhere/config")).Message);

    [Fact]
    public void A_pod_finds_its_cluster()
    {
        File.WriteAllText(Path.Combine(_directory, "ca.crt"), SelfSigned().Certificate);
        File.WriteAllText(Path.Combine(_directory, "token"), "t0ken\n");
        File.WriteAllText(Path.Combine(_directory, "namespace"), "prod");

        var config = KubeConfig.InCluster(_directory, name => name.EndsWith("HOST") ? "fd00::1" : "443");

        Assert.Equal(new Uri("https://[fd00::1]:443/"), config.Server);
        Assert.Equal(("t0ken", "prod"), (config.Token, config.Namespace));
        Assert.StartsWith("not in a cluster", Assert.Throws<KubeConfigException>(() => KubeConfig.InCluster(_directory, _ => null)).Message);
    }

    private static (string Certificate, string Key) SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private string Write(string content)
    {
        var path = Path.Combine(_directory, "config");
        File.WriteAllText(path, content);
        return path;
    }
}
