using Dataplane.Kubelet.Runtimes;
using Dataplane.Linux.Mounts;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Kubelet.Tests.Lifecycle;

public sealed class PodCleanupTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("dp-t-").FullName;
    private readonly string _uid = Guid.NewGuid().ToString();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task WhatAKilledAgentLeftIsEndedOnceAndNothingElse()
    {
        var directories = new PodDirectories(_root);
        Directory.CreateDirectory(directories.Memory);
        MountCall.Memory(directories.Memory, "mode=0711");
        var runtime = new ProcessRuntime(directories, new ImageTable(new Dictionary<string, string>(), directories.Images), null, TimeProvider.System);
        var sandbox = (ProcessSandbox)await runtime.StartSandboxAsync(new SandboxRequest { Pod = new PodIdentity(_uid, "default", "left"), Hostname = "left", LogDirectory = directories.Logs(_uid) }, default);
        var name = ProcessRuntime.NamespaceName(_uid);
        File.AppendAllText(directories.Processes(_uid), $"{Environment.ProcessId} 1\n1 1\nnonsense\n");

        Assert.Equal(1, PodCleanup.Recorded(_root));
        Assert.Empty(NetworkNamespace.Names(name));
        Assert.Empty(MountCall.Below(_root));
        await EndedAsync(sandbox.Holder);
        Assert.Equal(0, PodCleanup.Recorded(_root));
        await sandbox.DisposeAsync();
        await runtime.DisposeAsync();
    }

    /// <summary>KILL has been sent; the process ends when it is next scheduled, and is then reaped by the runtime.</summary>
    private static async Task EndedAsync(Linux.Processes.ChildProcess process)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (process.Signal(0))
        {
            await Task.Delay(5, limit.Token);
        }
    }
}
