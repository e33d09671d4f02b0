using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Tests.Http;

namespace Dataplane.ControlPlane.Tests.ServiceAccounts;

public sealed class TokenTests
{
    private const string Here = "/api/v1/namespaces/default";
    private const string Reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
    private const string Issuer = "https://kubernetes.default.svc.cluster.local";

    [Fact]
    public async Task A_token_makes_its_bearer_the_account()
    {
        await using var server = await RawServer.StartAsync();
        await server.UntilAsync($"{Here}/serviceaccounts/default", account => account.Count > 0);

        var answer = await server.CreateYamlAsync($"{Here}/serviceaccounts/default/token", "spec: {expirationSeconds: 1200}");

        Assert.Equal([Issuer], answer["spec"]!["audiences"]!.AsArray().Select(item => (string)item!));
        var token = Token(answer);
        Assert.Equal(200, await CodeAsync(server, token, $"{Here}/pods"));
        Assert.Equal(401, await CodeAsync(server, token[..^4] + "AAAA", $"{Here}/pods"));
        var review = await server.CreateYamlAsync(Reviews, $"spec: {{token: {token}}}");
        var user = review["status"]!["user"]!;
        Assert.True((bool)review["status"]!["authenticated"]!);
        Assert.Equal("system:serviceaccount:default:default", (string)user["username"]!);
        Assert.Equal(["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"], user["groups"]!.AsArray().Select(item => (string)item!));
        Assert.StartsWith("JTI=", (string)user["extra"]!["authentication.kubernetes.io/credential-id"]![0]!);
        Assert.Equal((string)(await server.GetAsync($"{Here}/serviceaccounts/default"))["metadata"]!["uid"]!, (string)user["uid"]!);
    }

    [Fact]
    public async Task A_token_is_for_its_audiences()
    {
        await using var server = await RawServer.StartAsync();
        await server.UntilAsync($"{Here}/serviceaccounts/default", account => account.Count > 0);
        var token = Token(await server.CreateYamlAsync($"{Here}/serviceaccounts/default/token", "spec: {audiences: [vault, shop]}"));

        Assert.Equal(401, await CodeAsync(server, token, $"{Here}/pods"));
        var accepted = await server.CreateYamlAsync(Reviews, $"spec: {{token: {token}, audiences: [shop, other]}}");
        Assert.Equal(["shop"], accepted["status"]!["audiences"]!.AsArray().Select(item => (string)item!));
        var refused = await server.CreateYamlAsync(Reviews, $"spec: {{token: {token}}}");
        Assert.Null(refused["status"]!["authenticated"]);
        Assert.Contains("token audiences [\"vault\" \"shop\"] is invalid for the target audiences", (string)refused["status"]!["error"]!);
    }

    [Fact]
    public async Task A_token_ends_with_what_it_is_bound_to()
    {
        await using var server = await RawServer.StartAsync();
        await server.CreateYamlAsync($"{Here}/serviceaccounts", "metadata: {name: robot}");
        await server.CreateYamlAsync($"{Here}/pods", "metadata: {name: p}\nspec: {serviceAccountName: robot, containers: [{name: c, image: i}]}");
        await server.CreateYamlAsync($"{Here}/secrets", "metadata: {name: s}");
        var plain = Token(await server.CreateYamlAsync($"{Here}/serviceaccounts/robot/token", "{}"));
        var withPod = Token(await server.CreateYamlAsync($"{Here}/serviceaccounts/robot/token", "spec: {boundObjectRef: {kind: Pod, apiVersion: v1, name: p}}"));
        var withSecret = Token(await server.CreateYamlAsync($"{Here}/serviceaccounts/robot/token", "spec: {boundObjectRef: {kind: Secret, apiVersion: v1, name: s}}"));
        var user = (await server.CreateYamlAsync(Reviews, $"spec: {{token: {withPod}}}"))["status"]!["user"]!;
        Assert.Equal("p", (string)user["extra"]!["authentication.kubernetes.io/pod-name"]![0]!);
        Assert.Equal(new[] { 200, 200, 200 }, await CodesAsync(server, plain, withPod, withSecret));

        await server.DeleteAsync($"{Here}/pods/p");
        Assert.Equal(new[] { 200, 401, 200 }, await CodesAsync(server, plain, withPod, withSecret));
        await server.DeleteAsync($"{Here}/secrets/s");
        Assert.Equal(new[] { 200, 401, 401 }, await CodesAsync(server, plain, withPod, withSecret));
        await server.DeleteAsync($"{Here}/serviceaccounts/robot");
        await server.CreateYamlAsync($"{Here}/serviceaccounts", "metadata: {name: robot}");
        Assert.Equal(new[] { 401, 401, 401 }, await CodesAsync(server, plain, withPod, withSecret));
    }

    /// <summary>A request's spec, the code and a part of the refusal.</summary>
    [Fact]
    public async Task What_asks_too_much_is_refused()
    {
        await using var server = await RawServer.StartAsync();
        await server.CreateYamlAsync($"{Here}/serviceaccounts", "metadata: {name: robot}");
        await server.CreateYamlAsync($"{Here}/serviceaccounts", "metadata: {name: other}");
        await server.CreateYamlAsync($"{Here}/pods", "metadata: {name: p}\nspec: {serviceAccountName: other, containers: [{name: c, image: i}]}");
        foreach (var (account, spec, code, text) in new[]
        {
            ("none", "{}", 404, "serviceaccounts \"none\" not found"),
            ("robot", "{expirationSeconds: 60}", 422, "spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes"),
            ("robot", "{expirationSeconds: 4294967297}", 422, "may not specify a duration larger than 2^32 seconds"),
            ("robot", "{boundObjectRef: {kind: Deployment, apiVersion: apps/v1, name: x}}", 400, "cannot bind token to object of type apps/v1, Kind=Deployment"),
            ("robot", "{boundObjectRef: {kind: Pod, apiVersion: v1, name: none}}", 404, "pods \"none\" not found"),
            ("robot", "{boundObjectRef: {kind: Pod, apiVersion: v1, name: p}}", 400, "cannot bind token for serviceaccount \"robot\" to pod running with different serviceaccount name."),
            ("other", "{boundObjectRef: {kind: Pod, apiVersion: v1, name: p, uid: x}}", 409, "the UID in the bound object reference (x) does not match the UID in record"),
        })
        {
            var (found, answer) = await server.TryCreateAsync($"{Here}/serviceaccounts/{account}/token", $"spec: {spec}");
            Assert.True(found == code, $"{spec}: {found} {answer}");
            Assert.Contains(text, (string)answer["message"]!);
        }
    }

    [Fact]
    public async Task Whoever_has_the_published_key_can_verify_a_token()
    {
        await using var server = await RawServer.StartAsync();
        await server.UntilAsync($"{Here}/serviceaccounts/default", account => account.Count > 0);
        var configuration = await server.GetAsync("/.well-known/openid-configuration");
        Assert.Equal(Issuer, (string)configuration["issuer"]!);
        var key = (await server.GetAsync(new Uri((string)configuration["jwks_uri"]!).AbsolutePath))["keys"]![0]!;
        using var ecdsa = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = Base64Url.DecodeFromChars((string)key["x"]!), Y = Base64Url.DecodeFromChars((string)key["y"]!) },
        });

        var parts = Token(await server.CreateYamlAsync($"{Here}/serviceaccounts/default/token", "{}")).Split('.');

        Assert.True(ecdsa.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256));
        Assert.Equal((string)key["kid"]!, (string)JsonNode.Parse(Base64Url.DecodeFromChars(parts[0]))!["kid"]!);
        var claims = JsonNode.Parse(Base64Url.DecodeFromChars(parts[1]))!;
        Assert.Equal("system:serviceaccount:default:default", (string)claims["sub"]!);
        Assert.Equal(3600, (long)claims["exp"]! - (long)claims["iat"]!);
        Assert.Equal("default", (string)claims["kubernetes.io"]!["serviceaccount"]!["name"]!);
    }

    [Fact]
    public async Task A_secret_for_a_token_is_filled_and_ends_with_its_account()
    {
        await using var server = await RawServer.StartAsync();
        await server.CreateYamlAsync($"{Here}/serviceaccounts", "metadata: {name: robot}");
        var (code, refusal) = await server.TryCreateAsync($"{Here}/secrets", "metadata: {name: t}\ntype: kubernetes.io/service-account-token");
        Assert.Equal(422, code);
        Assert.Contains("metadata.annotations[kubernetes.io/service-account.name]: Required value", (string)refusal["message"]!);
        await server.CreateYamlAsync($"{Here}/secrets", "metadata: {name: t, annotations: {kubernetes.io/service-account.name: robot}}\ntype: kubernetes.io/service-account-token");

        var secret = await server.UntilAsync($"{Here}/secrets/t", obj => obj["data"]?["token"] is not null);

        var token = Encoding.UTF8.GetString(Convert.FromBase64String((string)secret["data"]!["token"]!));
        Assert.Contains("BEGIN CERTIFICATE", Encoding.UTF8.GetString(Convert.FromBase64String((string)secret["data"]!["ca.crt"]!)));
        Assert.Equal(200, await CodeAsync(server, token, $"{Here}/pods"));
        await server.DeleteAsync($"{Here}/serviceaccounts/robot");
        await server.UntilAsync($"{Here}/secrets/t", obj => obj.Count == 0);
        Assert.Equal(401, await CodeAsync(server, token, $"{Here}/pods"));
    }

    [Fact]
    public async Task Every_namespace_knows_the_servers_certificate()
    {
        await using var server = await RawServer.StartAsync();
        await server.CreateYamlAsync("/api/v1/namespaces", "metadata: {name: shop}");
        const string path = "/api/v1/namespaces/shop/configmaps/kube-root-ca.crt";
        var map = await server.UntilAsync(path, obj => obj.Count > 0);
        Assert.StartsWith("-----BEGIN CERTIFICATE-----", (string)map["data"]!["ca.crt"]!);

        await server.PatchAsync(path, """{"data":{"ca.crt":"forged"}}""");
        await server.UntilAsync(path, obj => (string?)obj["data"]?["ca.crt"] == (string)map["data"]!["ca.crt"]!);
        await server.DeleteAsync(path);
        await server.UntilAsync(path, obj => obj.Count > 0 && (string)obj["metadata"]!["uid"]! != (string)map["metadata"]!["uid"]!);
    }

    private static string Token(JsonObject answer) => (string)answer["status"]!["token"]!;

    private static async Task<int[]> CodesAsync(RawServer server, params string[] tokens)
    {
        var codes = new List<int>();
        foreach (var token in tokens)
        {
            codes.Add(await CodeAsync(server, token, $"{Here}/pods"));
        }

        return [.. codes];
    }

    private static async Task<int> CodeAsync(RawServer server, string token, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
        using var answer = await server.Http.SendAsync(request, RawServer.Cancellation);
        return (int)answer.StatusCode;
    }
}
