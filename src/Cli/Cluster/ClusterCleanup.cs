using System.Diagnostics;
using Dataplane.Kubelet;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.Processes;

namespace Dataplane.Cli.Cluster;

/// <summary>Removes what a run left, however it ended. Only what carries this suite's names is touched.</summary>
internal static class ClusterCleanup
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);

    /// <summary>Pods' processes, mounts and namespaces first, then the nodes and the fabric. Idempotent.</summary>
    /// <returns>The namespaces removed.</returns>
    internal static IReadOnlyList<string> Run(string dataDirectory)
    {
        var before = Names();
        NodeAgent.CleanUp(Path.Combine(dataDirectory, "nodes"));
        Fabric.Remove();
        return [.. before.Except(Names())];
    }

    /// <summary>Asks the process that runs the cluster to end, and waits until it has.</summary>
    /// <exception cref="UserErrorException">It did not end in time.</exception>
    /// <returns>The process that was stopped, or null when no cluster was running.</returns>
    internal static int? StopRunning()
    {
        if (ClusterLock.RunningProcess() is not { } process)
        {
            return null;
        }

        using var running = Process.GetProcessById(process);
        using var handle = ProcessHandle.Open(process);
        handle.Signal(ProcessHandle.SIGTERM);
        if (!running.WaitForExit(Grace))
        {
            throw new UserErrorException($"process {process} runs the cluster and did not end within {Grace.TotalSeconds:0} s of being asked to");
        }

        return process;
    }

    private static IReadOnlyList<string> Names() => [.. NetworkNamespace.Names("dp-").Where(name => !name.StartsWith("dp-t-", StringComparison.Ordinal))];
}
