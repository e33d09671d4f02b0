using Dataplane.Linux.Namespaces;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>A pod's namespaces: a named network namespace, and a holder for the others.</summary>
internal sealed class ProcessSandbox(NetworkNamespace? network, ChildProcess holder, Task<ExitStatus> exit) : IPodSandbox
{
    private const int SIGKILL = 9;

    public NetworkNamespace? Network { get; } = network;

    internal ChildProcess Holder { get; } = holder;

    public async ValueTask DisposeAsync()
    {
        Holder.Signal(SIGKILL);
        await exit;
        Holder.Dispose();
        if (Network is not null)
        {
            Network.Dispose();
            NetworkNamespace.Delete(Network.Name);
        }
    }
}
