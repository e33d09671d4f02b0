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
        var sandbox = (ProcessSandbox)await runtime.StartSandboxAsync(new SandboxRequest { PodUid = _uid, Hostname = "left" }, default);
        var name = ProcessRuntime.NamespaceName(_uid);
        File.AppendAllText(directories.Processes(_uid), $"{Environment.ProcessId} 1\n1 1\nnonsense\n");

        Assert.Equal(1, PodCleanup.Recorded(_root));
        Assert.Empty(NetworkNamespace.Names(name));
        Assert.Empty(MountCall.Below(_root));
        Assert.False(sandbox.Holder.Signal(0) && !File.ReadAllText($"/proc/{sandbox.Holder.Pid}/stat").Contains(") Z ", StringComparison.Ordinal));
        Assert.Equal(0, PodCleanup.Recorded(_root));
        await sandbox.DisposeAsync();
        await runtime.DisposeAsync();
    }
}
