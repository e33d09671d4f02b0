using Dataplane.Linux;
using Dataplane.Linux.Cgroups;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>Containers as processes of this machine: Linux namespaces and an overlay, no engine and no helper program.</summary>
internal sealed class ProcessRuntime : IContainerRuntime
{
    internal const string NamespacePrefix = "dp-pod-";

    private readonly PodDirectories _directories;
    private readonly ImageTable _images;
    private readonly NetworkNamespace? _node;
    private readonly ProcessMonitor _monitor = new();
    private readonly ProcessStarter _starter;

    internal ProcessRuntime(PodDirectories directories, ImageTable images, NetworkNamespace? node, TimeProvider time, ContainerLogOptions? logs = null)
    {
        (_directories, _images, _node) = (directories, images, node);
        _starter = new ProcessStarter(directories, _monitor, time, logs ?? new ContainerLogOptions());
    }

    public string Name => "process";

    public string Version { get; } = typeof(ProcessRuntime).Assembly.GetName().Version!.ToString(3);

    public Task<string?> ProblemAsync(CancellationToken cancellation) => Task.FromResult<string?>(null);

    public Task<IReadOnlyList<PodOnMachine>> ListAsync(CancellationToken cancellation) =>
        OffPoolAsync<IReadOnlyList<PodOnMachine>>(() => new ProcessAdoption(_directories, _monitor, _starter).List());

    public Task RemovePodAsync(string uid, CancellationToken cancellation) => OffPoolAsync(() => PodCleanup.Pod(_directories, uid));

    public async Task<IPodSandbox> StartSandboxAsync(SandboxRequest request, CancellationToken cancellation)
    {
        var uid = request.Pod.Uid;
        await RemovePodAsync(uid, cancellation);
        return await OffPoolAsync<IPodSandbox>(() =>
        {
            var name = NamespaceName(uid);
            NetworkNamespace? network = null;
            try
            {
                network = request.HostNetwork ? null : NetworkNamespace.Create(name);
                var holder = SandboxHolder.Start(network ?? _node, request.Hostname, request.Processes == ProcessScope.Pod, request.HostIpc);
                _starter.Record(uid, holder);
                new SandboxRecord($"{ProcessIdentity.Of(holder.Pid)}", request.HostNetwork).Write(_directories.SandboxRecord(uid));
                return new ProcessSandbox(uid, network, holder, _monitor.WaitAsync(holder), _directories);
            }
            catch
            {
                network?.Dispose();
                NetworkNamespace.Delete(name);
                throw;
            }
        });
    }

    public Task<ContainerImagePlan?> FindImageAsync(string image, CancellationToken cancellation) =>
        Task.Run(() => (ContainerImagePlan?)_images.Find(image), cancellation);

    /// <summary>There is nowhere to fetch images from: what is not in the table cannot be had.</summary>
    public Task<ContainerImagePlan> PullImageAsync(string image, RegistryCredential? credential, CancellationToken cancellation) => Task.Run(
        () => (ContainerImagePlan?)_images.Find(image)
            ?? throw new ImageException($"failed to resolve image \"{image}\": it is not in the node's image table"),
        cancellation);

    public async Task<IRunningContainer> StartContainerAsync(IPodSandbox sandbox, ContainerRequest request, CancellationToken cancellation)
    {
        try
        {
            var container = await _starter.StartAsync((ProcessSandbox)sandbox, request);
            ((ProcessSandbox)sandbox).Add(container);
            return container;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ContainerStartException($"unable to start container process: {failure.Message}", failure);
        }
    }

    public ValueTask DisposeAsync()
    {
        _monitor.Dispose();
        PodCleanup.RemoveRootCgroup();
        return ValueTask.CompletedTask;
    }

    internal static string NamespaceName(string podUid) => NamespacePrefix + podUid[..8];

    internal static Cgroup PodCgroup(string podUid) => Cgroup.At(CgroupHierarchy.OfThisMachine, CgroupNames.Pod(podUid));

    /// <summary>Launching blocks for milliseconds in vfork and joins; it must not take the pool's few threads when many pods start.</summary>
    internal static Task<T> OffPoolAsync<T>(Func<T> body) =>
        Task.Factory.StartNew(body, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
