using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Runtimes.Cri;
using Dataplane.Kubelet.Runtimes.Docker;
using Dataplane.TestKit;

namespace Dataplane.Kubelet.Tests.Runtimes;

/// <summary>One runtime under test, and one pod in it.</summary>
public abstract class RuntimeRig(Engines engines) : IAsyncDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, int> _attempts = [];
    private IContainerRuntime? _runtime;
    private IPodSandbox? _sandbox;
    private SandboxRequest? _request;

    internal string Root { get; } = Directory.CreateTempSubdirectory("dp-t-").FullName;

    internal PodIdentity Pod { get; } = new(Guid.NewGuid().ToString(), "default", "pod-0");

    internal IContainerRuntime Runtime => _runtime!;

    /// <summary>Whether it is a program of its own that runs the containers.</summary>
    internal bool IsEngine => _runtime!.Name != "process";

    protected string NodeName { get; } = $"node-{Guid.NewGuid():N}";

    private protected Engines Engines => engines;

    private protected PodDirectories Directories => new(Path.Combine(Root, "kubelet"));

    internal virtual async ValueTask StartAsync()
    {
        Tools.RequireRoot();
        _runtime = await CreateAsync();
        await _runtime.ListAsync(default);
    }

    /// <summary>An agent's end without its pods', and another's beginning.</summary>
    internal async Task<IReadOnlyList<PodOnMachine>> RestartAsync(Func<Task>? between = null)
    {
        await _runtime!.DisposeAsync();
        await (between?.Invoke() ?? Task.CompletedTask);
        _runtime = await CreateAsync();
        var pods = await _runtime.ListAsync(default);
        _sandbox = pods.SingleOrDefault(pod => pod.Uid == Pod.Uid)?.Sandbox;
        return pods;
    }

    /// <summary>The inode of the network namespace that a pod with the node's network is to be in.</summary>
    internal async Task<string> NodeNetworkAsync() =>
        (await Tools.RunAsync(IsEngine ? Engines.Node : null, "stat", ["-L", "-c", "%i", "/proc/self/ns/net"])).OutputOrThrow().Trim();

    internal async ValueTask EndPodsAsync()
    {
        if (_sandbox is { } sandbox)
        {
            _sandbox = null;
            await sandbox.DisposeAsync();
        }

    }

    public async ValueTask DisposeAsync()
    {
        await EndPodsAsync();
        if (_runtime is not null)
        {
            await _runtime.DisposeAsync();
        }

        Directory.Delete(Root, recursive: true);
    }

    /// <summary>Runs a shell's script in the pod.</summary>
    internal Task<IRunningContainer> RunAsync(string script, Func<ContainerRequest, ContainerRequest>? change = null) =>
        StartContainerAsync(request => (change ?? (static one => one))(request with { Command = ["sh", "-c", script] }));

    internal async Task<IPodSandbox> SandboxAsync(Func<SandboxRequest, SandboxRequest>? change = null)
    {
        if (_sandbox is null)
        {
            var request = new SandboxRequest { Pod = Pod, Hostname = "pod-0", LogDirectory = Directories.Logs(Pod.Uid) };
            _request = change?.Invoke(request) ?? request;
            _sandbox = await Runtime.StartSandboxAsync(_request, default);
        }

        return _sandbox;
    }

    internal async Task<IRunningContainer> StartContainerAsync(Func<ContainerRequest, ContainerRequest> change)
    {
        var sandbox = await SandboxAsync();
        var request = change(new ContainerRequest
        {
            Sandbox = _request!,
            Name = "main",
            Image = (await Runtime.FindImageAsync(TestImages.Name, default))!,
            Attempt = 0,
            Command = [],
            Arguments = [],
            Environment = [],
            Volumes = [],
            LogPath = "",
        });
        var attempt = _attempts[request.Name] = _attempts.GetValueOrDefault(request.Name, -1) + 1;
        request = request with { Attempt = attempt, LogPath = Directories.Log(Pod.Uid, request.Name, attempt) };
        return await Runtime.StartContainerAsync(sandbox, request, default);
    }

    internal static string[] LogLines(IRunningContainer container) =>
        [.. File.ReadAllLines(container.Log.FilePath).Select(line => line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..])];

    internal static async Task UntilLoggedAsync(IRunningContainer container, string line)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            // Before the log is read: what comes after that must not be missed.
            var changed = container.Log.Changed;
            if (File.Exists(container.Log.FilePath) && LogLines(container).Contains(line))
            {
                return;
            }

            await changed.WaitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Assert.False(limit.IsCancellationRequested, $"\"{line}\" is not in the log: {string.Join('|', LogLines(container))}");
        }
    }

    private protected abstract Task<IContainerRuntime> CreateAsync();
}

internal sealed class ProcessRig(Engines engines) : RuntimeRig(engines)
{
    private protected override Task<IContainerRuntime> CreateAsync()
    {
        var archive = Path.Combine(Root, "image.tar");
        if (!File.Exists(archive))
        {
            TestImages.Write(archive, TestImages.Name, "sleep", "infinity");
        }

        var images = new ImageTable(new Dictionary<string, string> { [TestImages.Name] = archive }, Directories.Images);
        return Task.FromResult<IContainerRuntime>(new ProcessRuntime(Directories, images, null, TimeProvider.System));
    }
}

internal sealed class DockerRig(Engines engines) : RuntimeRig(engines)
{
    private protected override async Task<IContainerRuntime> CreateAsync() =>
        new DockerRuntime(new DockerRuntimeOptions(await Engines.DockerAsync(), NodeName, TestImages.Name) { Node = Engines.Node }, TimeProvider.System);
}

internal sealed class CriRig(Engines engines) : RuntimeRig(engines)
{
    private protected override async Task<IContainerRuntime> CreateAsync()
    {
        var socket = await Engines.ContainerdAsync();
        return new CriRuntime(socket, NodeName, Engines.Node, TimeProvider.System);
    }
}
