using System.Net;
using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Kubelet.Pods;
using Dataplane.Kubelet.Volumes;
using Dataplane.TestKit;

namespace Dataplane.Kubelet.Tests.Volumes;

public sealed class TokenSourceTests : IDisposable
{
    private static readonly Pod Pod = new()
    {
        Metadata = new ObjectMeta { Namespace = "shop", Name = "web", UID = "u-1" },
        Spec = new PodSpec { ServiceAccountName = "robot" },
    };

    private readonly ManualTime _time = new();
    private readonly Issuer _issuer;
    private readonly KubernetesClient _client;
    private readonly TokenSource _tokens;

    public TokenSourceTests()
    {
        _issuer = new Issuer(_time);
        _client = new KubernetesClient(new Uri("https://server"), _issuer);
        _tokens = new TokenSource(_client, _time);
    }

    public void Dispose()
    {
        _client.Dispose();
        _issuer.Dispose();
    }

    [Fact]
    public async Task A_token_is_asked_for_once_and_bound_to_its_pod()
    {
        Assert.Equal("token-1", await TokenAsync());
        Assert.Equal("token-1", await TokenAsync());
        var (path, body) = Assert.Single(_issuer.Requests);
        Assert.Equal("/api/v1/namespaces/shop/serviceaccounts/robot/token", path);
        Assert.Contains("\"boundObjectRef\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"web\",\"uid\":\"u-1\"}", body);
        Assert.Contains("\"expirationSeconds\":3607", body);
    }

    /// <summary>Seconds a token is good for, and after how many it is replaced.</summary>
    [Theory]
    [InlineData(3607, 2885)]
    [InlineData(600, 480)]
    [InlineData(10 * 86400, 86400)]
    public async Task A_token_is_replaced_after_four_fifths_of_its_life_or_a_day(long seconds, long renewAfter)
    {
        await TokenAsync(seconds);
        Assert.InRange((_tokens.RenewAt("u-1")!.Value - _time.GetUtcNow()).TotalSeconds, renewAfter, renewAfter + 1);
        _time.Advance(TimeSpan.FromSeconds(renewAfter - 1));
        Assert.Equal("token-1", await TokenAsync(seconds));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("token-2", await TokenAsync(seconds));
    }

    [Fact]
    public async Task A_token_that_cannot_be_replaced_stays_and_is_tried_again_soon()
    {
        await TokenAsync();
        _issuer.Refuses = true;
        _time.Advance(TimeSpan.FromMinutes(50));

        Assert.Equal("token-1", await TokenAsync());

        Assert.Equal(_time.GetUtcNow() + TimeSpan.FromSeconds(30), _tokens.RenewAt("u-1"));
        _issuer.Refuses = false;
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal("token-2", await TokenAsync());
    }

    [Fact]
    public async Task Without_a_first_token_the_volume_cannot_be_made()
    {
        _issuer.Refuses = true;
        var failure = await Assert.ThrowsAsync<ConfigurationException>(() => TokenAsync());
        Assert.Equal("failed to fetch token: serviceaccounts \"robot\" not found", failure.Message);
    }

    [Fact]
    public async Task Forgotten_pods_have_no_tokens()
    {
        await TokenAsync();
        _tokens.Forget("u-1");
        Assert.Null(_tokens.RenewAt("u-1"));
        Assert.Equal("token-2", await TokenAsync());
    }

    private async Task<string> TokenAsync(long seconds = 3607) => Encoding.UTF8.GetString(
        await _tokens.TokenAsync(Pod, new ServiceAccountTokenProjection { Path = "token", ExpirationSeconds = seconds }, TestContext.Current.CancellationToken));

    private sealed class Issuer(TimeProvider time) : HttpMessageHandler
    {
        private int _issued;

        public List<(string Path, string Body)> Requests { get; } = [];

        public bool Refuses { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var body = await request.Content!.ReadAsStringAsync(cancellationToken);
            Requests.Add((request.RequestUri!.AbsolutePath, body));
            if (Refuses)
            {
                return Answer(HttpStatusCode.NotFound, """{"kind":"Status","apiVersion":"v1","message":"serviceaccounts \"robot\" not found","reason":"NotFound","code":404}""");
            }

            var seconds = ApiJson.Deserialize<TokenRequest>(Encoding.UTF8.GetBytes(body)).Spec.ExpirationSeconds!.Value;
            var answer = new TokenRequest
            {
                Status = new TokenRequestStatus { Token = $"token-{++_issued}", ExpirationTimestamp = time.GetUtcNow().AddSeconds(seconds) },
            };
            return Answer(HttpStatusCode.Created, Encoding.UTF8.GetString(ApiJson.Serialize(answer)));
        }

        private static HttpResponseMessage Answer(HttpStatusCode code, string json) =>
            new(code) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
    }
}
