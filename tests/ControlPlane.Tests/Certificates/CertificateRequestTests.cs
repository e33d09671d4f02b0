using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Tests.Http;

namespace Dataplane.ControlPlane.Tests.Certificates;

/// <summary>CertificateSigningRequests from the request to the certificate, and what is refused on the way.</summary>
public sealed class CertificateRequestTests : IAsyncLifetime
{
    private const string Path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    private const string Client = "kubernetes.io/kube-apiserver-client";
    private const string Kubelet = "kubernetes.io/kube-apiserver-client-kubelet";
    private const string Serving = "kubernetes.io/kubelet-serving";
    private const string ClientUsages = "[digital signature, key encipherment, client auth]";
    private const string ServerUsages = "[digital signature, server auth]";

    private RawServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await RawServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task An_approved_request_becomes_a_certificate_the_server_knows()
    {
        using var key = RSA.Create(2048);
        var created = await CreateAsync("jane", Request("O=devs, CN=jane", key), Client, ClientUsages, "expirationSeconds: 7200");
        Assert.Equal("kubernetes-admin", (string?)created["spec"]!["username"]);
        Assert.Equal(["system:masters", "system:authenticated"], created["spec"]!["groups"]!.AsArray().Select(group => (string)group!));

        await DecideAsync("jane", "Approved");

        var issued = await IssuedAsync("jane");
        Assert.Equal("O=devs, CN=jane", issued.Subject);
        Assert.InRange(issued.NotAfter - issued.NotBefore, TimeSpan.FromMinutes(120), TimeSpan.FromMinutes(126));
        var usage = issued.Extensions.OfType<X509KeyUsageExtension>().Single();
        Assert.Equal(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, usage.KeyUsages);
        Assert.Equal("1.3.6.1.5.5.7.3.2", issued.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages[0].Value);

        using var pair = issued.CopyWithPrivateKey(key);
        using var usable = X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null);
        using var handler = new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true, ClientCertificates = [usable] },
        };
        using var http = new HttpClient(handler) { BaseAddress = _server.Http.BaseAddress };
        using var body = new StringContent("""{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}""", Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync("/apis/authentication.k8s.io/v1/selfsubjectreviews", body, RawServer.Cancellation);
        var review = JsonNode.Parse(await answer.Content.ReadAsStringAsync(RawServer.Cancellation))!;
        Assert.Equal("jane", (string?)review["status"]!["userInfo"]!["username"]);
        Assert.Contains("devs", review["status"]!["userInfo"]!["groups"]!.AsArray().Select(group => (string)group!));
    }

    [Fact]
    public async Task A_kubelet_gets_its_client_certificate_without_a_person()
    {
        await CreateAsync("node", Request("O=system:nodes, CN=system:node:n"), Kubelet, ClientUsages);

        Assert.Contains("CN=system:node:n", (await IssuedAsync("node")).Subject);
        var condition = (await _server.GetAsync($"{Path}/node"))["status"]!["conditions"]![0]!;
        Assert.Equal(("Approved", "AutoApproved"), ((string?)condition["type"], (string?)condition["reason"]));
    }

    [Fact]
    public async Task A_serving_certificate_has_the_names_asked_for()
    {
        await CreateAsync("serving", Request("O=system:nodes, CN=system:node:n", names: "n.example"), Serving, ServerUsages);
        await DecideAsync("serving", "Approved");

        Assert.Equal(["n.example"], (await IssuedAsync("serving")).Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames());
    }

    [Theory]
    [InlineData(Client, "CN=x", "[client auth, code signing]", "", "invalid usage for client certificate: code signing")]
    [InlineData(Client, "CN=x", "[digital signature]", "", "missing required usage for client certificate: client auth")]
    [InlineData(Kubelet, "O=people, CN=system:node:n", ClientUsages, "", "subject organization is not system:nodes")]
    [InlineData(Kubelet, "O=system:nodes, CN=n", ClientUsages, "", "subject common name does not begin with system:node:")]
    [InlineData(Kubelet, "O=system:nodes, CN=system:node:n", ClientUsages, "n.example", "DNS subjectAltNames are not allowed")]
    [InlineData(Kubelet, "O=system:nodes, CN=system:node:n", ServerUsages, "", "usages did not match [client auth digital signature key encipherment]")]
    [InlineData(Serving, "O=system:nodes, CN=system:node:n", ServerUsages, "", "DNS or IP subjectAltName is required")]
    public async Task A_signer_says_why_it_does_not_sign(string signer, string subject, string usages, string names, string why)
    {
        await CreateAsync("odd", Request(subject, names: names), signer, usages);
        await DecideAsync("odd", "Approved");

        var failed = await _server.UntilAsync($"{Path}/odd", request => Conditions(request).Any(condition => (string?)condition["type"] == "Failed"));
        var condition = Conditions(failed).Last();
        Assert.Equal(("SignerValidationFailure", why), ((string?)condition["reason"], (string?)condition["message"]));
        Assert.Null(failed["status"]!["certificate"]);
    }

    [Fact]
    public async Task What_is_asked_for_never_changes_and_a_decision_stays()
    {
        var created = await CreateAsync("kept", Request("CN=kept"), "example.com/other", ClientUsages);
        await DecideAsync("kept", "Denied");

        var changed = await _server.PatchAsync($"{Path}/kept", """{"spec":{"signerName":"example.com/mine","username":"me"},"metadata":{"labels":{"a":"b"}}}""");
        Assert.True(JsonNode.DeepEquals(created["spec"], changed["spec"]));
        Assert.Equal("b", (string?)changed["metadata"]!["labels"]!["a"]);

        // The status is for its signer: the decision is not.
        var status = await _server.PatchAsync(
            $"{Path}/kept/status", """{"status":{"conditions":[{"type":"Approved","status":"True"},{"type":"Mine","status":"False"}]}}""");
        Assert.Equal(["Denied", "Mine"], Conditions(status).Select(condition => (string?)condition["type"]));

        using var both = await _server.SendAsync(
            HttpMethod.Patch, $"{Path}/kept/approval", body: """{"status":{"conditions":[{"type":"Denied","status":"True"},{"type":"Approved","status":"True"}]}}""",
            type: "application/merge-patch+json");
        Assert.Equal(422, (int)both.StatusCode);
        Assert.Contains("Approved and Denied conditions are mutually exclusive", await both.Content.ReadAsStringAsync(RawServer.Cancellation));

        using var none = await _server.SendAsync(
            HttpMethod.Patch, $"{Path}/kept/approval", body: """{"status":{"conditions":[]}}""", type: "application/merge-patch+json");
        Assert.Contains("updates may not remove a condition of type \\\"Denied\\\"", await none.Content.ReadAsStringAsync(RawServer.Cancellation));
    }

    [Fact]
    public async Task Who_asks_is_for_the_server_to_say()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Path)
        {
            Content = new StringContent(Yaml("as", Request("CN=as"), Client, ClientUsages, "username: root, groups: [wheel]"), Encoding.UTF8, "application/yaml"),
        };
        request.Headers.Add("Impersonate-User", "user1");
        request.Headers.Add("Impersonate-Group", ",,,chameleon");
        using var answer = await _server.Http.SendAsync(request, RawServer.Cancellation);
        var created = JsonNode.Parse(await answer.Content.ReadAsStringAsync(RawServer.Cancellation))!;
        Assert.Equal("user1", (string?)created["spec"]!["username"]);
        Assert.Equal([",,,chameleon", "system:authenticated"], created["spec"]!["groups"]!.AsArray().Select(group => (string)group!));
    }

    [Theory]
    [InlineData("bm90IGEgcmVxdWVzdA==", Client, "[client auth]", "", 422, "PEM block type must be CERTIFICATE REQUEST")]
    [InlineData("", "one", "[client auth]", "", 422, "spec.signerName: Invalid value: \"one\": must be a fully qualified domain and path of the form 'example.com/signer-name'")]
    [InlineData("", "a/b", "[client auth]", "", 422, "spec.signerName: Invalid value: \"a\": should be a domain with at least two segments separated by dots")]
    [InlineData("", "kubernetes.io/legacy-unknown", "[client auth]", "", 422, "the legacy signerName is not allowed via this API version")]
    [InlineData("", Client, "[]", "", 422, "spec.usages: Required value")]
    [InlineData("", Client, "[client auth, client auth]", "", 422, "spec.usages[1]: Duplicate value: \"client auth\"")]
    [InlineData("", Client, "[flying]", "", 422, "spec.usages[0]: Unsupported value: \"flying\": supported values: \"any\", ")]
    [InlineData("", Client, "[client auth]", "expirationSeconds: 599", 422, "may not specify a duration less than 600 seconds (10 minutes)")]
    public async Task A_request_is_refused_in_upstreams_words(string request, string signer, string usages, string more, int code, string message)
    {
        var (status, answer) = await _server.TryCreateAsync(Path, Yaml("bad", request.Length > 0 ? request : Request("CN=bad"), signer, usages, more));
        Assert.Equal(code, status);
        Assert.Contains(message, (string)answer["message"]!);
    }

    [Fact]
    public async Task Nobody_gets_a_certificate_of_the_administrators_group()
    {
        var (code, answer) = await _server.TryCreateAsync(Path, Yaml("root", Request("O=system:masters, CN=root"), Client, ClientUsages, ""));
        Assert.Equal(403, code);
        Assert.Equal(
            "certificatesigningrequests.certificates.k8s.io \"root\" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed",
            (string?)answer["message"]);
    }

    private static IEnumerable<JsonNode> Conditions(JsonObject request) => (request["status"]?["conditions"] as JsonArray ?? []).OfType<JsonNode>();

    /// <summary>Base64 of the PEM of a request.</summary>
    private static string Request(string subject, RSA? key = null, string names = "")
    {
        using var own = key is null ? RSA.Create(2048) : null;
        var request = new CertificateRequest(subject, key ?? own!, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        if (names.Length > 0)
        {
            var builder = new SubjectAlternativeNameBuilder();
            builder.AddDnsName(names);
            request.CertificateExtensions.Add(builder.Build());
        }

        return Convert.ToBase64String(Encoding.ASCII.GetBytes(request.CreateSigningRequestPem()));
    }

    private static string Yaml(string name, string request, string signer, string usages, string more) =>
        $"metadata: {{name: {name}}}\nspec: {{request: {request}, signerName: {signer}, usages: {usages}, {more}}}";

    private Task<JsonObject> CreateAsync(string name, string request, string signer, string usages, string more = "") =>
        _server.CreateYamlAsync(Path, Yaml(name, request, signer, usages, more));

    private async Task DecideAsync(string name, string decision)
    {
        // A controller may write its own condition between.
        var written = await _server.PatchAsync(
            $"{Path}/{name}/approval", $$$"""{"status":{"conditions":[{"type":"{{{decision}}}","status":"True","reason":"Test"}]}}""");
        Assert.Equal(decision, (string?)Conditions(written).First()["type"]);
    }

    private async Task<X509Certificate2> IssuedAsync(string name)
    {
        var issued = await _server.UntilAsync($"{Path}/{name}", request => request["status"]?["certificate"] is not null, "issued:");
        return X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(Convert.FromBase64String((string)issued["status"]!["certificate"]!)));
    }
}
