using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.DaemonSets;
using Dataplane.ControlPlane.Controllers.Deployments;
using Dataplane.ControlPlane.Controllers.Jobs;
using Dataplane.ControlPlane.Controllers.Machinery;
using Dataplane.ControlPlane.Controllers.Replicas;
using Dataplane.ControlPlane.Controllers.StatefulSets;
using Microsoft.Extensions.Logging.Abstractions;
using static Dataplane.ControlPlane.Tests.Controllers.TestCluster;

namespace Dataplane.ControlPlane.Tests.Controllers;

/// <summary>An owner is deleted with its pods, and the watch of the pods is ahead of the owner's: nothing may take their place.</summary>
public sealed class StaleOwnerTests
{
    private static readonly LabelSelector Selector = new() { MatchLabels = { ["app"] = "work" } };

    [Fact]
    public Task A_replica_set_makes_no_pod() => CheckAsync<ReplicaSet, Pod>(
        new ReplicaSet { Metadata = Named(), Spec = new ReplicaSetSpec { Replicas = 1, Selector = Selector, Template = Template("work") } },
        (client, informers, events) => new ReplicaSetController(client, informers, events, NullLogger.Instance, TimeProvider.System),
        RemoveAsync, Orphan);

    [Fact]
    public Task A_replication_controller_makes_no_pod() => CheckAsync<ReplicationController, Pod>(
        new ReplicationController
        {
            Metadata = Named(),
            Spec = new ReplicationControllerSpec { Replicas = 1, Selector = { ["app"] = "work" }, Template = Template("work") },
        },
        (client, informers, events) => new ReplicationControllerController(client, informers, events, NullLogger.Instance, TimeProvider.System),
        RemoveAsync, Orphan);

    [Fact]
    public Task A_daemon_set_makes_no_pod() => CheckAsync<DaemonSet, Pod>(
        new DaemonSet { Metadata = Named(), Spec = new DaemonSetSpec { Selector = Selector, Template = Template("work") } },
        (client, informers, events) => new DaemonSetController(client, informers, events, NullLogger.Instance, TimeProvider.System),
        RemoveAsync, Orphan);

    [Fact]
    public Task A_stateful_set_makes_no_pod() => CheckAsync<StatefulSet, Pod>(
        new StatefulSet { Metadata = Named(), Spec = new StatefulSetSpec { Replicas = 1, ServiceName = "work", Selector = Selector, Template = Template("work") } },
        (client, informers, events) => new StatefulSetController(client, informers, events, NullLogger.Instance, TimeProvider.System),
        RemoveAsync, Orphan);

    [Fact]
    public Task A_job_makes_no_pod() => CheckAsync<Job, Pod>(
        JobTests.Job(job => job.Completions = 2),
        (client, informers, events) => new JobController(client, informers, events, NullLogger.Instance, TimeProvider.System),
        (cluster, pod) => cluster.EndAsync(pod), Orphan);

    [Fact]
    public Task A_deployment_makes_no_replica_set() => CheckAsync<Deployment, ReplicaSet>(
        Deployment("work", 1),
        (client, informers, events) => new DeploymentController(client, informers, events, NullLogger.Instance, TimeProvider.System),
        (cluster, set) => cluster.Client.DeleteAsync<ReplicaSet>(NamespacedName.Of(set), cancellationToken: cluster.Cancellation),
        set => new ReplicaSet { Metadata = Named("work-7", set.Metadata.Labels), Spec = set.Spec });

    private static async Task CheckAsync<TOwner, TOwned>(
        TOwner owner,
        Func<KubernetesClient, SharedInformers, EventRecorder, Controller> make,
        Func<TestCluster, TOwned, Task> lose,
        Func<TOwned, TOwned> orphan)
        where TOwner : class, IResource<TOwner>
        where TOwned : class, IResource<TOwned>
    {
        await using var cluster = await StartAsync(controllers: false);
        await cluster.Client.CreateAsync(new ServiceAccount { Metadata = Named("default") }, cluster.Cancellation);
        await cluster.AddNodeAsync("node-1");
        await cluster.Client.CreateAsync(owner, cluster.Cancellation);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cluster.Cancellation);
        var transport = new StaleTransport<TOwner, TOwned>(cluster.KubeConfig.Token!);
        using var client = new KubernetesClient(cluster.KubeConfig.Server, transport);
        var informers = new SharedInformers(client, NullLoggerFactory.Instance, TimeProvider.System);
        var controller = make(client, informers, new EventRecorder(client, "test", NullLogger.Instance, TimeProvider.System));
        var caches = informers.RunAsync(stopping.Token);
        await informers.WaitForSyncAsync(stopping.Token);
        var running = Task.WhenAll(caches, controller.RunAsync(stopping.Token));
        var first = (await cluster.UntilAsync<TOwned>("the first", list => list.Count == 1)).Single();
        await cluster.Client.DeleteAsync<TOwner>(NamespacedName.Of(owner), new DeleteOptions { PropagationPolicy = "Foreground" }, cluster.Cancellation);

        var before = transport.Seen;
        await lose(cluster, first);
        await transport.UntilAsync(before.Looks + before.Made + 1, cluster.Cancellation);
        // A controller looks at an owner once at a time: when it looks for the second reason it is through with the first.
        await cluster.Client.CreateAsync(orphan(first), cluster.Cancellation);
        await transport.UntilAsync(before.Looks + before.Made + 2, cluster.Cancellation);

        Assert.Equal(before.Made, transport.Seen.Made);
        await stopping.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static Task RemoveAsync(TestCluster cluster, Pod pod) =>
        cluster.Client.DeleteAsync<Pod>(NamespacedName.Of(pod), new DeleteOptions { GracePeriodSeconds = 0 }, cluster.Cancellation);

    private static Pod Orphan(Pod pod) => new() { Metadata = Named("work-7", pod.Metadata.Labels), Spec = Template("work").Spec };

    private static ObjectMeta Named(string name = "work", Dictionary<string, string>? labels = null) =>
        new() { Name = name, Namespace = "default", Labels = labels ?? [] };

    /// <summary>Shows the owners as they were at first, and counts how often one of them is looked at live and something is made.</summary>
    private sealed class StaleTransport<TOwner, TOwned>(string token) : TestTransport(token)
        where TOwner : class, IResource<TOwner>
        where TOwned : class, IResource<TOwned>
    {
        private readonly SemaphoreSlim _changed = new(0);
        private int _looks;
        private int _made;

        public (int Looks, int Made) Seen => (Volatile.Read(ref _looks), Volatile.Read(ref _made));

        public async Task UntilAsync(int count, CancellationToken cancellation)
        {
            while (Seen is var (looks, made) && looks + made < count)
            {
                await _changed.WaitAsync(cancellation);
            }
        }

        protected override void Dispose(bool disposing)
        {
            _changed.Dispose();
            base.Dispose(disposing);
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var path = request.RequestUri!.AbsolutePath;
            if (path.EndsWith($"/{TOwner.Resource.Plural}", StringComparison.Ordinal) && request.RequestUri.Query.Contains("watch=", StringComparison.Ordinal))
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            var answer = await base.SendAsync(request, cancellationToken);
            if (request.Method == HttpMethod.Get && path.EndsWith($"/{TOwner.Resource.Plural}/work", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref _looks);
                _changed.Release();
            }
            else if (request.Method == HttpMethod.Post && path.EndsWith($"/{TOwned.Resource.Plural}", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref _made);
                _changed.Release();
            }

            return answer;
        }
    }
}
