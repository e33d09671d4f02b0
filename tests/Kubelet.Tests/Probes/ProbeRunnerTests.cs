using Dataplane.Api;
using Dataplane.Kubelet.Probes;
using Dataplane.Kubelet.Runtimes;
using Dataplane.TestKit;
using NSubstitute;

namespace Dataplane.Kubelet.Tests.Probes;

/// <summary>Single tries against real servers on the loopback. What they say is what `kubectl describe` shows with other kubelets.</summary>
public sealed class ProbeRunnerTests(ProbeServer server) : IClassFixture<ProbeServer>, IDisposable
{
    private const string Self = "127.0.0.1";

    /// <summary>In seconds, where an answer is due; a busy machine takes longer than a probe's own second.</summary>
    private const int Patience = 60;

    private readonly ProbeRunner _runner = new(null);
    private readonly int _closed = FreePorts.Take();

    public void Dispose() => _runner.Dispose();

    [Theory]
    [InlineData("/fine", "Success", "")]
    [InlineData("fine?a=b", "Success", "")]
    [InlineData("/again", "Success", "")]
    [InlineData("/nothing", "Failure", "HTTP probe failed with statuscode: 404")]
    [InlineData("/away", "Warning", "Probe terminated redirects, Response body: over there")]
    [InlineData("/for-ever", "Failure", "Get \"http://127.0.0.1:PORT/for-ever\": stopped after 10 redirects")]
    [InlineData("/hangs", "Failure", "Get \"http://127.0.0.1:PORT/hangs\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)")]
    [InlineData("/breaks", "Failure", "Get \"http://127.0.0.1:PORT/breaks\": read: connection reset by peer")]
    public async Task HttpTries(string path, string result, string message)
    {
        var outcome = await TryAsync(new Probe { HTTPGet = new HTTPGetAction { Path = path, Port = server.Http }, TimeoutSeconds = path == "/hangs" ? 3 : Patience });
        Assert.Equal(new ProbeOutcome(Enum.Parse<ProbeResult>(result), message.Replace("PORT", $"{server.Http}", StringComparison.Ordinal)), outcome);
    }

    [Fact]
    public async Task ACertificateNobodyKnowsIsGoodEnough() =>
        Assert.Equal(ProbeOutcome.Success, await TryAsync(new Probe { HTTPGet = new HTTPGetAction { Path = "/fine", Port = server.Https, Scheme = "HTTPS" } }));

    [Fact]
    public async Task HeadersAreSentAsGivenAndTheUsualOnesUnlessGiven()
    {
        await TryAsync(new Probe { HTTPGet = new HTTPGetAction { Path = "/headers", Port = server.Http } });
        Assert.Contains($"User-Agent: kube-probe/{KubernetesVersion.Major}.{KubernetesVersion.Minor}", server.Headers);
        Assert.Contains("Accept: */*", server.Headers);
        Assert.Contains("Connection: close", server.Headers);

        List<HTTPHeader> headers =
        [
            new HTTPHeader { Name = "Host", Value = "example.com" }, new HTTPHeader { Name = "User-Agent", Value = "me" }, new HTTPHeader { Name = "Accept", Value = "" },
            new HTTPHeader { Name = "X-Twice", Value = "1" }, new HTTPHeader { Name = "X-Twice", Value = "2" },
        ];
        await TryAsync(new Probe { HTTPGet = new HTTPGetAction { Path = "/headers", Port = server.Http, HTTPHeaders = headers } });
        Assert.Contains("Host: example.com", server.Headers);
        Assert.Contains("User-Agent: me", server.Headers);
        Assert.DoesNotContain(server.Headers, header => header.StartsWith("Accept:", StringComparison.Ordinal));
        Assert.Equal("1, 2", string.Join(", ", server.Headers.Where(header => header.StartsWith("X-Twice: ", StringComparison.Ordinal)).Select(header => header[9..])));
    }

    [Fact]
    public async Task APortMayBeTheNameOfOne()
    {
        var container = new Container { Ports = [new ContainerPort { Name = "web", Port = server.Http }] };
        Assert.Equal(ProbeOutcome.Success, await TryAsync(new Probe { HTTPGet = new HTTPGetAction { Path = "/fine", Port = "web" } }, container));
        Assert.Equal(ProbeOutcome.Success, await TryAsync(new Probe { TCPSocket = new TCPSocketAction { Port = "web" } }, container));
        Assert.Equal(
            ProbeOutcome.Unknown("strconv.Atoi: parsing \"http\": invalid syntax"),
            await TryAsync(new Probe { TCPSocket = new TCPSocketAction { Port = "http" } }, container));
    }

    [Fact]
    public async Task AClosedPortIsAFailureOfEveryKind()
    {
        Assert.Equal(
            ProbeOutcome.Failure($"dial tcp 127.0.0.1:{_closed}: connect: connection refused"),
            await TryAsync(new Probe { TCPSocket = new TCPSocketAction { Port = _closed } }));
        Assert.Equal(
            ProbeOutcome.Failure($"Get \"http://127.0.0.1:{_closed}/\": dial tcp 127.0.0.1:{_closed}: connect: connection refused"),
            await TryAsync(new Probe { HTTPGet = new HTTPGetAction { Port = _closed } }));
        Assert.Equal(
            ProbeOutcome.Failure($"timeout: failed to connect service \"127.0.0.1:{_closed}\" within 1s: context deadline exceeded"),
            await TryAsync(new Probe { GRPC = new GRPCAction { Port = _closed }, TimeoutSeconds = 1 }));
    }

    [Theory]
    [InlineData(null, "Success", "")]
    [InlineData("well", "Success", "")]
    [InlineData("ill", "Failure", "service unhealthy (responded with \"NOT_SERVING\")")]
    [InlineData("lacks", "Failure", "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): so it is")]
    [InlineData("wrong", "Failure", "error: health rpc probe failed: rpc error: code = Internal desc = so it is")]
    [InlineData("hangs", "Failure", "timeout: health rpc did not complete within 1s")]
    public async Task GrpcTries(string? service, string result, string message) =>
        Assert.Equal(new ProbeOutcome(Enum.Parse<ProbeResult>(result), message), await TryAsync(new Probe { GRPC = new GRPCAction { Port = server.Grpc, Service = service }, TimeoutSeconds = service == "hangs" ? 1 : Patience }));

    [Fact]
    public async Task AProbeThatSaysNothingCannotBeTried() => Assert.Equal(ProbeOutcome.Unknown("missing probe handler"), await TryAsync(new Probe()));

    private Task<ProbeOutcome> TryAsync(Probe probe, Container? container = null) =>
        _runner.RunAsync(probe with { TimeoutSeconds = probe.TimeoutSeconds ?? Patience }, container ?? new Container(), Substitute.For<IRunningContainer>(), Self, TestContext.Current.CancellationToken);
}
