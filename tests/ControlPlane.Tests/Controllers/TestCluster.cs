using System.Net;
using Dataplane.Api;
using Dataplane.Api.Client;

namespace Dataplane.ControlPlane.Tests.Controllers;

/// <summary>A control plane in memory, and a kubelet that only says what a test wants it to say.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly List<Task> _running = [];
    private readonly ControlPlaneServer _server;
    private int _addresses;

    private TestCluster(ControlPlaneServer server)
    {
        _server = server;
        Client = new KubernetesClient(server.KubeConfig);
        _stopping.CancelAfter(TimeSpan.FromMinutes(2));
    }

    public KubernetesClient Client { get; }

    public KubeConfig KubeConfig => _server.KubeConfig;

    public CancellationToken Cancellation => _stopping.Token;

    /// <summary>Starts a control plane.</summary>
    /// <param name="nodes">Ready nodes to register, named node-1, node-2, ...</param>
    /// <param name="kubelet">Whether bound pods become ready and deleted ones go.</param>
    /// <param name="time">The server's and its controllers' clock; the machine's unless given.</param>
    /// <param name="clusterCidr">Where nodes without a pod network get one from.</param>
    /// <param name="controllers">Whether anything works on the objects.</param>
    public static async Task<TestCluster> StartAsync(int nodes = 0, bool kubelet = false, TimeProvider? time = null, IPNetwork? clusterCidr = null, bool controllers = true)
    {
        var options = new ControlPlaneOptions { Store = "memory", Listen = [new ListenAddress(new IPEndPoint(IPAddress.Loopback, 0))], Time = time ?? TimeProvider.System, ClusterCidr = clusterCidr, Controllers = controllers };
        var logs = new TestLogs(TestContext.Current.TestOutputHelper);
        var cluster = new TestCluster(await ControlPlaneServer.StartAsync(options, logs, TestContext.Current.CancellationToken));
        for (var i = 1; i <= nodes; i++)
        {
            await cluster.AddNodeAsync($"node-{i}");
        }

        if (kubelet)
        {
            var pods = new Informer<Pod>(cluster.Client, new InformerOptions(), logs);
            pods.Subscribe(change => cluster.Run(cluster.ActAsKubeletAsync(change.New)));
            cluster.Run(pods.RunAsync(cluster.Cancellation));
        }

        return cluster;
    }

    public async Task<Node> AddNodeAsync(string name, Action<Node>? configure = null)
    {
        var node = new Node
        {
            Metadata = new ObjectMeta { Name = name, Labels = { ["kubernetes.io/hostname"] = name } },
            Status = new NodeStatus
            {
                Allocatable = { ["cpu"] = Quantity.Parse("4"), ["memory"] = Quantity.Parse("8Gi"), ["pods"] = Quantity.Parse("110") },
                Conditions = [new NodeCondition { Type = "Ready", Status = "True", Reason = "KubeletReady", LastHeartbeatTime = TimeProvider.System.GetUtcNow() }],
            },
        };
        configure?.Invoke(node);
        var created = await Client.CreateAsync(node, Cancellation);
        return await Client.UpdateStatusAsync(created with { Metadata = created.Metadata with { ResourceVersion = "" }, Status = node.Status }, Cancellation);
    }

    public static PodTemplateSpec Template(string app, string image = "echo:1") => new()
    {
        Metadata = new ObjectMeta { Labels = { ["app"] = app } },
        Spec = new PodSpec { Containers = [new Container { Name = "main", Image = image, Ports = [new ContainerPort { Name = "http", Port = 8080 }] }] },
    };

    public static Deployment Deployment(string name, int replicas, string image = "echo:1") => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default" },
        Spec = new DeploymentSpec { Replicas = replicas, Selector = new LabelSelector { MatchLabels = { ["app"] = name } }, Template = Template(name, image) },
    };

    public static Service Service(string name, string? targetPort = null) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default", Labels = { ["team"] = "a" } },
        Spec = new ServiceSpec
        {
            Selector = { ["app"] = name },
            Ports = [new ServicePort { Name = "web", Port = 80, TargetPort = targetPort is null ? new IntOrString(8080) : new IntOrString(targetPort) }],
        },
    };

    public Task<List<Pod>> PodsAsync(string app) => ListAsync<Pod>($"app={app}");

    public async Task<List<T>> ListAsync<T>(string? labels = null)
        where T : class, IResource<T> =>
        (await Client.ListAsync<T>(new ListOptions { Namespace = "default", LabelSelector = labels }, Cancellation)).Items;

    /// <summary>Waits until something holds, looking again whenever any object of the kind changes.</summary>
    public async Task<List<T>> UntilAsync<T>(string what, Func<List<T>, bool> condition, string? labels = null)
        where T : class, IResource<T>
    {
        var here = T.Resource.Namespaced ? "default" : null;
        var last = new List<T>();
        try
        {
            while (true)
            {
                var list = await Client.ListAsync<T>(new ListOptions { Namespace = here, LabelSelector = labels }, Cancellation);
                last = list.Items;
                if (condition(last))
                {
                    return last;
                }

                var watch = new WatchOptions { Namespace = here, ResourceVersion = list.Metadata.ResourceVersion, AllowBookmarks = false };
                await foreach (var _ in Client.WatchAsync<T>(watch, Cancellation))
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{what} did not come; last: {System.Text.Encoding.UTF8.GetString(ApiJson.Serialize(new KubernetesList<T> { Items = last }))}");
        }
    }

    /// <summary>A pod that its kubelet reports as ready or not.</summary>
    public Task<Pod> ReportAsync(Pod pod, bool ready, string? address = null) =>
        Client.PatchAsync<Pod>(
            NamespacedName.Of(pod),
            PatchType.StrategicMerge,
            ApiJson.Serialize(new Pod
            {
                Status = new PodStatus
                {
                    Phase = "Running",
                    PodIP = address ?? $"10.244.1.{Interlocked.Increment(ref _addresses)}",
                    PodIPs = [new PodIP { IP = address ?? $"10.244.1.{_addresses}" }],
                    Conditions = [new PodCondition { Type = "Ready", Status = ready ? "True" : "False", LastTransitionTime = TimeProvider.System.GetUtcNow() }],
                },
            }),
            "status",
            Cancellation);

    /// <summary>A pod whose one container has ended.</summary>
    public Task<Pod> EndAsync(Pod pod, int exitCode = 0, DateTimeOffset? at = null) =>
        Client.PatchAsync<Pod>(
            NamespacedName.Of(pod),
            PatchType.StrategicMerge,
            ApiJson.Serialize(new Pod
            {
                Status = new PodStatus
                {
                    Phase = exitCode == 0 ? "Succeeded" : "Failed",
                    ContainerStatuses =
                    [
                        new ContainerStatus
                        {
                            Name = "main",
                            State = new ContainerState
                            {
                                Terminated = new ContainerStateTerminated { ExitCode = exitCode, FinishedAt = at ?? TimeProvider.System.GetUtcNow() },
                            },
                        },
                    ],
                },
            }),
            "status",
            Cancellation);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        Task[] running;
        lock (_running)
        {
            running = [.. _running];
        }

        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Client.Dispose();
        await _server.DisposeAsync();
        _stopping.Dispose();
    }

    private void Run(Task task)
    {
        lock (_running)
        {
            _running.Add(task);
        }
    }

    private async Task ActAsKubeletAsync(Pod? pod)
    {
        if (pod is null || string.IsNullOrEmpty(pod.Spec.NodeName))
        {
            return;
        }

        try
        {
            if (pod.Metadata.DeletionTimestamp is not null)
            {
                await Client.DeleteAsync<Pod>(NamespacedName.Of(pod), new DeleteOptions { GracePeriodSeconds = 0 }, Cancellation);
            }
            else if (pod.Status.Phase is null or "" or "Pending" && !pod.Spec.Containers.Exists(container => container.Image == "broken"))
            {
                await ReportAsync(pod, ready: true);
            }
        }
        catch (ApiException error) when (error.IsNotFound)
        {
            // Gone meanwhile.
        }
    }
}
