using System.Collections.Concurrent;
using System.Net;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Hosting;
using Dataplane.Kubelet.Events;
using Dataplane.Kubelet.Network;
using Dataplane.Kubelet.Network.Cni;
using Dataplane.Kubelet.Nodes;
using Dataplane.Kubelet.Pods;
using Dataplane.Kubelet.Probes;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Server;
using Dataplane.Kubelet.StaticPods;
using Dataplane.Kubelet.Volumes;
using Dataplane.Netlink.Route;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet;

/// <summary>The kubelet of one node. Several run in one process, each in its node's network namespace.</summary>
public sealed class NodeAgent : IAsyncDisposable
{
    private readonly KubeletOptions _options;
    private readonly Stack<Func<ValueTask>> _disposals = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _loops = [];
    private readonly KubeletMetrics _metrics = new();
    private PodWorkers? _workers;

    private NodeAgent(KubeletOptions options) => _options = options;

    /// <summary>Where the agent's API listens, in the node's namespace.</summary>
    public IPEndPoint EndPoint { get; private set; } = new(IPAddress.None, 0);

    /// <summary>Whether something of a pod is on this machine.</summary>
    internal bool HasPod(NamespacedName name) => _workers?.Find(name) is not null;

    /// <summary>How long the last pods' network set-ups took, in milliseconds, oldest first.</summary>
    public IReadOnlyList<double> NetworkSetUpMilliseconds => _metrics.NetworkSetUpMilliseconds;

    /// <summary>Makes the node's pod network, serves the API, registers the node as Ready and runs its pods.</summary>
    /// <exception cref="IOException">The port is taken, or the root directory cannot be written.</exception>
    public static async Task<NodeAgent> StartAsync(KubeletOptions options, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var agent = new NodeAgent(options);
        try
        {
            await agent.RunAsync(loggers, cancellation);
            return agent;
        }
        catch
        {
            await agent.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Removes what runs that were killed left on this machine: processes, network namespaces <c>dp-pod-*</c> and mounts.
    /// Idempotent. No agent may be running.
    /// </summary>
    /// <param name="directory">An agent's root directory, or one with several of them in it.</param>
    public static void CleanUp(string directory) => PodCleanup.Everything(directory);

    /// <summary>Stops the agent. Its pods go on running unless <see cref="KubeletOptions.RemovePodsOnStop"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_workers is not null)
        {
            await _workers.StopAsync(_options.RemovePodsOnStop);
            _workers = null;
        }

        await _stopping.CancelAsync();
        await Task.WhenAll(_loops);
        _loops.Clear();
        while (_disposals.TryPop(out var dispose))
        {
            await dispose();
        }

        _metrics.Dispose();
        _stopping.Dispose();
    }

    private async Task RunAsync(ILoggerFactory loggers, CancellationToken cancellation)
    {
        var (time, logger) = (TimeProvider.System, loggers.CreateLogger("Dataplane.Kubelet"));
        var directories = new PodDirectories(_options.RootDirectory);
        Directory.CreateDirectory(directories.Root);
        var client = Owned(new KubernetesClient(_options.KubeConfig));
        var metricsText = Owned(new MetricsText(_metrics.Meter));
        var watches = new ConfigurationWatches(client, time, logger);
        _disposals.Push(watches.DisposeAsync);
        var configuration = new ConfigurationSource(client, watches);
        var volumes = new PodVolumes(directories, configuration, new TokenSource(client, time), time);
        volumes.Start();
        _disposals.Push(() =>
        {
            if (_options.RemovePodsOnStop)
            {
                volumes.Stop();
            }

            return ValueTask.CompletedTask;
        });
        var runtime = ContainerRuntimes.Create(_options, directories, time);
        _disposals.Push(runtime.DisposeAsync);
        var network = Owned(CreateNetwork(directories, logger));
        var found = (await runtime.ListAsync(cancellation)).Select(pod => KeyValuePair.Create(pod.Uid, pod));
        var services = new PodServices
        {
            Options = _options,
            Client = client,
            Runtime = runtime,
            Found = new ConcurrentDictionary<string, PodOnMachine>(found, StringComparer.Ordinal),
            Network = network,
            Admission = new PodAdmission(_options.AllowedUnsafeSysctls, () => [.. (_workers?.All ?? []).Select(worker => worker.Pod)]),
            Volumes = volumes,
            SubPaths = new SubPaths(directories),
            Configuration = watches,
            Allocatable = NodeDescription.Capacity(_options),
            Sources = configuration,
            Environment = new ContainerEnvironment(configuration),
            ClusterServices = new Informer<Service>(client, new InformerOptions(), logger),
            Events = new EventRecorder(client, _options.NodeName, time, logger),
            Probes = Owned(new ProbeRunner(_options.Namespace)),
            Directories = directories,
            Metrics = _metrics,
            Time = time,
            Logger = logger,
        };
        var server = new KubeletServer(_options, client, directories, metricsText, time, logger);
        var endpoint = await server.StartAsync(loggers, cancellation);
        _disposals.Push(endpoint.DisposeAsync);
        EndPoint = endpoint.LocalEndPoint;
        if (_options.HealthzPort > 0)
        {
            var health = await HttpEndpoint.StartAsync(
                new HttpEndpointOptions { Address = new IPEndPoint(IPAddress.Loopback, _options.HealthzPort), Namespace = _options.Namespace },
                HealthHandler.AnswerAsync, loggers, cancellation);
            _disposals.Push(health.DisposeAsync);
        }

        var connection = Owned(RouteConnection.Open(_options.Namespace));
        var overlay = _options.Overlay == NodeOverlay.Vxlan
            ? new VxlanOverlay(connection, _options.NodeName, _options.NodeIP, _options.PodCidr, _options.PodMtu, logger)
            : null;
        var runtimeHealth = new RuntimeHealth(runtime, _options.NodeName, time, logger);
        await runtimeHealth.AskAsync(cancellation);
        var registration = new NodeRegistration(client, _options, runtimeHealth, network, overlay?.Annotations, EndPoint.Port, time, logger);
        await registration.RegisterAsync(cancellation);
        _workers = server.Workers = new PodWorkers(services);
        if (_options.CniConfDir is null)
        {
            FollowNodes(client, connection, overlay, logger);
        }

        var pods = new Informer<Pod>(client, new InformerOptions { FieldSelector = $"spec.nodeName={_options.NodeName}" }, logger);
        pods.Subscribe(change =>
        {
            if (change.Old is { } old && old.Metadata.UID != change.New?.Metadata.UID)
            {
                network.Observe(old.Metadata.UID, null);
            }

            if (change.New is { } pod)
            {
                network.Observe(pod.Metadata.UID, pod);
            }
        });
        var mirrors = new MirrorPods(_workers, services);
        pods.Subscribe(change => (StaticPodFile.IsMirror(change.Object) ? mirrors.Observe : (Action<InformerChange<Pod>>)_workers.Handle)(change));
        var staticPods = _options.StaticPodPath is { } path ? new StaticPodDirectory(path, _options.NodeName, time, logger) : null;
        var before = Directory.Exists(directories.Pods) ? Directory.GetDirectories(directories.Pods) : [];
        Loop(runtimeHealth.RunAsync);
        Loop(registration.RunAsync);
        Loop(services.Events.RunAsync);
        Loop(services.ClusterServices.RunAsync);
        Loop(pods.RunAsync);
        Loop(mirrors.RunAsync);
        if (staticPods is not null)
        {
            Loop(stopping => staticPods.RunAsync(mirrors.SetWanted, stopping));
        }

        services.Events.Node("Starting", "Starting kubelet.");
        await pods.WaitForSyncAsync(cancellation);
        IReadOnlyList<Pod> known = [.. pods.Snapshot.Values, .. staticPods?.Read() ?? []];
        network.Reconcile(known);
        await RemoveOrphansAsync(before, known, services, cancellation);
    }

    private IPodNetwork CreateNetwork(PodDirectories directories, ILogger logger) => _options.CniConfDir is { } plugins
        ? new CniNetwork(new CniNetworkOptions
        {
            Node = _options.Namespace,
            ConfigurationDirectory = plugins,
            BinDirectories = _options.CniBinDirs,
            Attachments = directories.Attachments,
            PodCidrs = _options.PodCidrs,
            SetUpDone = _metrics.NetworkSetUp,
            Problem = problem => Log.PluginProblem(logger, problem),
        })
        : new PodNetwork(new PodNetworkOptions
        {
            Node = _options.Namespace,
            Ranges = _options.PodCidrs,
            Journal = directories.Addresses,
            Layout = _options.PodNetworkLayout,
            Mtu = _options.PodMtu,
            Encapsulation = _options.Overlay == NodeOverlay.Vxlan ? VxlanOverlay.Overhead : 0,
            NonMasqueraded = _options.NonMasqueradeCidrs,
            SetUpDone = _metrics.NetworkSetUp,
        });

    private void FollowNodes(KubernetesClient client, RouteConnection connection, VxlanOverlay? overlay, ILogger logger)
    {
        var routes = new NodeRoutes(connection, _options.NodeName, overlay, TimeProvider.System, logger);
        var nodes = new Informer<Node>(client, new InformerOptions(), logger);
        nodes.Subscribe(routes.Handle);
        Loop(nodes.RunAsync);
        Loop(cancellation => routes.RunAsync(() => nodes.HasSynced, cancellation));
    }

    /// <summary>Containers, directories and addresses of pods that went while no agent was looking.</summary>
    private static async Task RemoveOrphansAsync(string[] before, IEnumerable<Pod> pods, PodServices services, CancellationToken cancellation)
    {
        var known = pods.Select(pod => pod.Metadata.UID).ToHashSet(StringComparer.Ordinal);
        var orphans = services.Found.Where(pair => !known.Contains(pair.Key)).ToArray();
        foreach (var (uid, pod) in orphans)
        {
            services.Found.TryRemove(uid, out _);
            if (pod.Sandbox is not null)
            {
                await pod.Sandbox.DisposeAsync();
            }

            await services.Runtime.RemovePodAsync(uid, cancellation);
            services.Volumes.Remove(uid);
        }

        if (orphans.Length > 0)
        {
            Log.CleanedUp(services.Logger, orphans.Length);
        }

        foreach (var uid in before.Select(path => Path.GetFileName(path)).Where(uid => !known.Contains(uid)))
        {
            try
            {
                await services.Network.DisconnectAsync(uid);
            }
            catch (IOException problem)
            {
                // A plugin that fails keeps the agent from nothing; what it left is tried again at the next start.
                Log.PluginProblem(services.Logger, problem.Message);
            }

            services.Volumes.Remove(uid);
        }
    }

    private void Loop(Func<CancellationToken, Task> run) => _loops.Add(Task.Run(() => run(_stopping.Token)));

    private T Owned<T>(T disposable)
        where T : IDisposable
    {
        _disposals.Push(() =>
        {
            disposable.Dispose();
            return ValueTask.CompletedTask;
        });
        return disposable;
    }
}
