using System.Net;
using System.Text;
using System.Threading.Channels;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Kubelet.Pods;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Kubelet.Tests.Pods;

public sealed class PodStatusWriterTests
{
    [Fact]
    public async Task AStatusThatFailedGivesWayToANewerOne()
    {
        using var server = new HeldServer();
        using var client = new KubernetesClient(new Uri("http://api"), server);
        var pod = new Pod { Metadata = new ObjectMeta { Name = "web", Namespace = "default", UID = "u" } };
        var writer = new PodStatusWriter(client, pod, TimeProvider.System, NullLogger.Instance);
        var run = writer.RunAsync(CancellationToken.None);

        writer.Publish(new PodStatus { Phase = "Pending" });
        Assert.Contains("Pending", await server.NextAsync());
        writer.Publish(new PodStatus { Phase = "Running" });
        server.Answer(HttpStatusCode.InternalServerError);
        Assert.Contains("Running", await server.NextAsync());
        server.Answer(HttpStatusCode.OK);
        writer.Complete();
        await run;

        Assert.False(server.HasMore);
    }

    [Fact]
    public async Task NobodyWaitsForAServerThatTakesNoLastStatus()
    {
        using var server = new HeldServer();
        using var client = new KubernetesClient(new Uri("http://api"), server);
        var writer = new PodStatusWriter(client, new Pod(), TimeProvider.System, NullLogger.Instance);
        writer.Publish(new PodStatus { Phase = "Failed" });
        writer.Complete();
        var run = writer.RunAsync(CancellationToken.None);

        await server.NextAsync();
        server.Answer(HttpStatusCode.InternalServerError);
        await run;

        Assert.False(server.HasMore);
    }

    /// <summary>Shows each request's body and answers when told to.</summary>
    private sealed class HeldServer : HttpMessageHandler
    {
        private readonly Channel<string> _bodies = Channel.CreateUnbounded<string>();
        private readonly Channel<HttpStatusCode> _answers = Channel.CreateUnbounded<HttpStatusCode>();

        internal bool HasMore => _bodies.Reader.TryPeek(out _);

        internal ValueTask<string> NextAsync() => _bodies.Reader.ReadAsync();

        internal void Answer(HttpStatusCode status) => _answers.Writer.TryWrite(status);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            _bodies.Writer.TryWrite(await request.Content!.ReadAsStringAsync(cancellationToken));
            var status = await _answers.Reader.ReadAsync(cancellationToken);
            return new HttpResponseMessage(status) { RequestMessage = request, Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        }
    }
}
