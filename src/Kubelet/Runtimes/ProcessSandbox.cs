using System.Net;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>A pod's namespaces: a named network namespace, and a holder for the others.</summary>
internal sealed class ProcessSandbox(string uid, NetworkNamespace? network, ChildProcess holder, Task<ExitStatus> exit, PodDirectories directories) : IPodSandbox
{
    private const int SIGKILL = 9;

    private readonly List<ProcessContainer> _containers = [];

    public NetworkNamespace? Network { get; } = network;

    public IReadOnlyList<IPAddress> Addresses => [];

    internal ChildProcess Holder { get; } = holder;

    /// <summary>Containers that have been started in it; those that have ended are forgotten when another comes.</summary>
    internal void Add(ProcessContainer container)
    {
        lock (_containers)
        {
            _containers.RemoveAll(static one => one.Exit.IsCompleted);
            _containers.Add(container);
        }
    }

    public async ValueTask DisposeAsync()
    {
        ProcessContainer[] running;
        lock (_containers)
        {
            running = [.. _containers];
        }

        foreach (var container in running)
        {
            await container.KillAsync();
        }

        await Task.WhenAll(running.Select(static one => one.Exit));
        Holder.Signal(SIGKILL);
        await exit;
        Holder.Dispose();
        if (Network is not null)
        {
            Network.Dispose();
            NetworkNamespace.Delete(ProcessRuntime.NamespaceName(uid));
        }

        if (File.Exists(directories.SandboxRecord(uid)))
        {
            File.Delete(directories.SandboxRecord(uid));
        }

        if (Directory.Exists(directories.Containers(uid)))
        {
            Directory.Delete(directories.Containers(uid), recursive: true);
        }

        await PodCleanup.RemoveCgroupsAsync(uid);
    }
}
