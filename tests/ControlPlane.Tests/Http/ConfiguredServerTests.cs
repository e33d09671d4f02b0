using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Security;
using Dataplane.TestKit;

namespace Dataplane.ControlPlane.Tests.Http;

/// <summary>What flags of kube-apiserver change: other people's certificates, tokens in a file, and how much is served at a time.</summary>
public sealed class ConfiguredServerTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Review = """{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}""";

    [Fact]
    public async Task TokensInAFileAreUsers()
    {
        using var file = new TemporaryFile("# who may come in\nsecret,alice,42,\"dev,ops\"\n\nother,bob,43\n");
        await using var server = await RawServer.StartAsync(controllers: false, configure: options => options with { TokenFile = file.Path });
        Assert.Equal("""{"username":"alice","uid":"42","groups":["dev","ops","system:authenticated"]}""", await WhoAsync(server, "secret"));
        Assert.Equal("""{"username":"bob","uid":"43","groups":["system:authenticated"]}""", await WhoAsync(server, "other"));
        Assert.Null(await WhoAsync(server, "secre"));
    }

    [Theory]
    [InlineData("secret,alice", "line 1: expected token,user,uid and perhaps \"group1,group2\"")]
    [InlineData("a,b,c\n,b,c", "line 2: expected token,user,uid")]
    public void ALineThatIsNoTokenIsNamed(string text, string error)
    {
        using var file = new TemporaryFile(text);
        Assert.Contains(error, Assert.Throws<IOException>(() => TokenFile.Read(file.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CertificatesOfAnotherRootAreUsers()
    {
        using var other = CertificateAuthority.Create(TimeProvider.System);
        using var file = new TemporaryFile(other.Root.ExportCertificatePem());
        await using var server = await RawServer.StartAsync(controllers: false, configure: options => options with { ClientAuthorityFile = file.Path });
        using var certificate = other.IssueClient("carol", "dev");
        Assert.Equal("""{"username":"carol","groups":["dev","system:authenticated"]}""", await WhoAsync(server, certificate));
        using var stranger = CertificateAuthority.Create(TimeProvider.System);
        using var unknown = stranger.IssueClient("mallory", "system:masters");
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => WhoAsync(server, unknown));
    }

    [Fact]
    public async Task ACertificateOfAnotherRootIsShownAndRenewedInPlace()
    {
        const string name = "api.example.test";
        using var other = CertificateAuthority.Create(TimeProvider.System);
        using var first = other.IssueServer("first", [name]);
        using var second = other.IssueServer("second", [name]);
        using var file = new TemporaryFile(first.ExportCertificatePem());
        using var key = new TemporaryFile(ClusterIdentity.PrivateKeyPem(first));
        await using var server = await RawServer.StartAsync(configure: options => options with { ServingCertificateFile = file.Path, ServingKeyFile = key.Path });
        Assert.Equal(first.Thumbprint, await ShownAsync(server, name));
        Assert.Equal(first.Thumbprint, await ShownAsync(server, ""));

        // The controllers trust the cluster's own root only, and work all the same.
        Assert.NotEqual(first.Thumbprint, await ShownAsync(server, ServingCertificate.LoopbackName));
        await server.UntilAsync("/api/v1/namespaces/default/serviceaccounts/default", account => account.Count > 0);
        using var certificate = server.Administrator;
        Assert.Contains("kubernetes-admin", await WhoAsync(server, certificate), StringComparison.Ordinal);

        // One file after the other: what does not fit together is not taken.
        Rewrite(file.Path, second.ExportCertificatePem());
        Assert.Equal(first.Thumbprint, await ShownAsync(server, name));
        Rewrite(key.Path, ClusterIdentity.PrivateKeyPem(second));
        Assert.Equal(second.Thumbprint, await ShownAsync(server, name));
    }

    [Fact]
    public async Task ACertificateWithoutItsKeyIsRefused()
    {
        using var file = new TemporaryFile("nothing");
        var alone = await Assert.ThrowsAsync<ControlPlaneException>(() => RawServer.StartAsync(configure: options => options with { ServingCertificateFile = file.Path }));
        Assert.Equal("--tls-cert-file and --tls-private-key-file must be specified together", alone.Message);
        var wrong = await Assert.ThrowsAsync<ControlPlaneException>(
            () => RawServer.StartAsync(configure: options => options with { ServingCertificateFile = file.Path, ServingKeyFile = file.Path }));
        Assert.Contains($"{file.Path} and {file.Path} are no certificate with its key", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFileWithoutCertificatesIsNamed()
    {
        using var file = new TemporaryFile("nothing");
        var failure = await Assert.ThrowsAsync<ControlPlaneException>(
            () => RawServer.StartAsync(controllers: false, configure: options => options with { ClientAuthorityFile = file.Path }));
        Assert.Contains($"{file.Path}: no PEM certificates", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OneRequestTooManyIsSentAwayAndAdministratorsAreNot()
    {
        using var file = new TemporaryFile("secret,alice,1");
        await using var server = await RawServer.StartAsync(
            controllers: false, configure: options => options with { TokenFile = file.Path, MaxMutatingRequestsInFlight = 1 });
        var release = new TaskCompletionSource();
        using var held = Create("secret", "held", release.Task);
        var pending = server.Http.SendAsync(held, RawServer.Cancellation);
        await Eventually.HoldsAsync(
            async () => (await (await server.SendAsync(HttpMethod.Get, "/metrics")).Content.ReadAsStringAsync(RawServer.Cancellation))
                .Contains("apiserver_current_inflight_requests{request_kind=\"mutating\"} 1", StringComparison.Ordinal),
            "a mutating request is in flight");

        using var second = Create("secret", "second", Task.CompletedTask);
        using var refused = await server.Http.SendAsync(second, RawServer.Cancellation);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter?.Delta);
        await server.CreateConfigMapAsync("by-the-administrator");
        release.SetResult();
        using var accepted = await pending;
        Assert.Equal(HttpStatusCode.Created, accepted.StatusCode);
    }

    private static HttpRequestMessage Create(string token, string name, Task until) => new(HttpMethod.Post, ConfigMaps)
    {
        Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
        Content = new HeldContent($"{{\"metadata\":{{\"name\":\"{name}\"}}}}", until) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
    };

    private static async Task<string?> WhoAsync(RawServer server, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/apis/authentication.k8s.io/v1/selfsubjectreviews")
        {
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
            Content = new StringContent(Review, new MediaTypeHeaderValue("application/json")),
        };
        using var answer = await server.Http.SendAsync(request, RawServer.Cancellation);
        return answer.StatusCode == HttpStatusCode.Unauthorized ? null : await UserAsync(answer);
    }

    private static void Rewrite(string path, string text)
    {
        File.WriteAllText(path, text);

        // A file system may not tell two moments of one second apart.
        File.SetLastWriteTimeUtc(path, File.GetLastWriteTimeUtc(path).AddSeconds(10));
    }

    /// <summary>The thumbprint of the certificate that a client is shown who asks for a name.</summary>
    private static async Task<string> ShownAsync(RawServer server, string name)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPEndPoint.Parse(server.Http.BaseAddress!.Authority), RawServer.Cancellation);
        await using var tls = new SslStream(tcp.GetStream());
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = name, RemoteCertificateValidationCallback = (_, _, _, _) => true }, RawServer.Cancellation);
        return tls.RemoteCertificate!.GetCertHashString();
    }

    private static async Task<string?> WhoAsync(RawServer server, X509Certificate2 certificate)
    {
        // The handshake wants a key that is no fleeting one.
        using var kept = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
        using var http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true, ClientCertificates = [kept] },
        });
        using var answer = await http.PostAsync(
            new Uri(server.Http.BaseAddress!, "/apis/authentication.k8s.io/v1/selfsubjectreviews"),
            new StringContent(Review, new MediaTypeHeaderValue("application/json")), RawServer.Cancellation);
        return await UserAsync(answer);
    }

    private static async Task<string?> UserAsync(HttpResponseMessage answer)
    {
        answer.EnsureSuccessStatusCode();
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(RawServer.Cancellation))!["status"]!["userInfo"]!.ToJsonString();
    }

    /// <summary>A body whose end waits.</summary>
    private sealed class HeldContent(string text, Task until) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text[..1]));
            await stream.FlushAsync();
            await until;
            await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text[1..]));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = text.Length;
            return true;
        }
    }

    private sealed class TemporaryFile : IDisposable
    {
        public TemporaryFile(string text)
        {
            Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"dp-test-{RandomNumberGenerator.GetHexString(12, lowercase: true)}");
            File.WriteAllText(Path, text);
        }

        public string Path { get; }

        public void Dispose() => File.Delete(Path);
    }
}
