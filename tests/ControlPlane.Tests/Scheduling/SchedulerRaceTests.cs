using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Dataplane.ControlPlane.Scheduling;
using Dataplane.ControlPlane.Tests.Controllers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.ControlPlane.Tests.Scheduling;

/// <summary>A scheduler of its own before a server whose answers come as a test wants them.</summary>
public sealed class SchedulerRaceTests
{
    [Fact]
    public async Task A_pod_whose_binding_was_refused_gets_another()
    {
        await using var cluster = await StartAsync();
        var refused = new ConcurrentDictionary<string, bool>();
        await using var scheduler = OwnScheduler.Start(cluster, async (request, send) =>
            request.Method == HttpMethod.Post && request.RequestUri!.AbsolutePath.EndsWith("/binding", StringComparison.Ordinal) && refused.TryAdd(request.RequestUri.AbsolutePath, true)
                ? Conflict(request)
                : await send());
        await cluster.AddNodeAsync("node-1");
        await CreatePodAsync(cluster);

        await cluster.UntilAsync<Pod>("bound", list => list[0].Spec.NodeName == "node-1");

        Assert.Single(refused);
    }

    [Fact]
    public async Task What_is_said_of_a_pod_is_written_in_the_order_it_was_decided()
    {
        await using var cluster = await StartAsync();
        var (saying, mayGoOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var scheduler = OwnScheduler.Start(cluster, async (request, send) =>
        {
            if (request.Method == HttpMethod.Patch && request.RequestUri!.AbsolutePath.EndsWith("/status", StringComparison.Ordinal) && saying.TrySetResult())
            {
                await mayGoOn.Task.WaitAsync(cluster.Cancellation);
            }

            return await send();
        });
        await CreatePodAsync(cluster);
        await saying.Task.WaitAsync(cluster.Cancellation);

        // There is room now, while the word that there is none is still under way.
        await cluster.AddNodeAsync("node-1");
        await cluster.Client.CreateAsync(new Pod { Metadata = new ObjectMeta { Name = "other", Namespace = "default" }, Spec = TestCluster.Template("web").Spec }, cluster.Cancellation);
        await cluster.UntilAsync<Pod>("the other bound", list => list.Exists(pod => pod is { Metadata.Name: "other", Spec.NodeName: "node-1" }));
        Assert.Equal("", (await PodAsync(cluster)).Spec.NodeName ?? "");
        mayGoOn.SetResult();

        await cluster.UntilAsync<Pod>("bound", list => list.TrueForAll(pod => pod.Spec.NodeName == "node-1"));
        var scheduled = (await PodAsync(cluster)).Status.Conditions.Find(condition => condition.Type == "PodScheduled");
        Assert.Equal("True", scheduled?.Status);
    }

    private static async Task<TestCluster> StartAsync()
    {
        var cluster = await TestCluster.StartAsync(controllers: false);
        await cluster.Client.CreateAsync(new ServiceAccount { Metadata = new ObjectMeta { Name = "default", Namespace = "default" } }, cluster.Cancellation);
        return cluster;
    }

    private static Task<Pod> CreatePodAsync(TestCluster cluster) => cluster.Client.CreateAsync(
        new Pod { Metadata = new ObjectMeta { Name = "web", Namespace = "default" }, Spec = TestCluster.Template("web").Spec }, cluster.Cancellation);

    private static Task<Pod> PodAsync(TestCluster cluster) => cluster.Client.GetAsync<Pod>("default", "web", cluster.Cancellation);

    private static HttpResponseMessage Conflict(HttpRequestMessage request) => new(HttpStatusCode.Conflict)
    {
        RequestMessage = request,
        Content = new StringContent(
            """{"kind":"Status","apiVersion":"v1","status":"Failure","message":"the object has been modified","reason":"Conflict","code":409}""", Encoding.UTF8, "application/json"),
    };

    /// <summary>A scheduler whose requests a test can answer, hold or pass on.</summary>
    private sealed class OwnScheduler(KubernetesClient client, CancellationTokenSource stopping, Task running) : IAsyncDisposable
    {
        public static OwnScheduler Start(TestCluster cluster, Func<HttpRequestMessage, Func<Task<HttpResponseMessage>>, Task<HttpResponseMessage>> answer)
        {
            var stopping = CancellationTokenSource.CreateLinkedTokenSource(cluster.Cancellation);
            var client = new KubernetesClient(cluster.KubeConfig.Server, new Answers(cluster.KubeConfig.Token!, answer));
            var informers = new SharedInformers(client, NullLoggerFactory.Instance, TimeProvider.System);
            var scheduler = Scheduler.Create(client, informers, NullLoggerFactory.Instance, TimeProvider.System);
            return new OwnScheduler(client, stopping, Task.WhenAll(informers.RunAsync(stopping.Token), scheduler.RunAsync(stopping.Token)));
        }

        public async ValueTask DisposeAsync()
        {
            await stopping.CancelAsync();
            await running.WaitAsync(TimeSpan.FromSeconds(30)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            client.Dispose();
            stopping.Dispose();
        }
    }

    private sealed class Answers(string token, Func<HttpRequestMessage, Func<Task<HttpResponseMessage>>, Task<HttpResponseMessage>> answer) : TestTransport(token)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            answer(request, () => base.SendAsync(request, cancellationToken));
    }
}
