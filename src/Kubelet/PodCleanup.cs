using Dataplane.Kubelet.Runtimes;
using Dataplane.Linux.Cgroups;
using Dataplane.Linux.Mounts;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet;

/// <summary>Takes away what pods of a run that ended without doing so left: processes, namespaces, mounts. Idempotent.</summary>
internal static class PodCleanup
{
    /// <summary>What is recorded below one agent's directory. Files stay: a pod that still exists keeps its volumes and address.</summary>
    /// <returns>How many pods had something left.</returns>
    internal static int Recorded(string rootDirectory)
    {
        var (directories, count) = (new PodDirectories(rootDirectory), 0);
        if (Directory.Exists(directories.Pods))
        {
            foreach (var uid in Directory.EnumerateDirectories(directories.Pods).Select(path => Path.GetFileName(path)!))
            {
                count += Pod(directories, uid) ? 1 : 0;
            }
        }

        foreach (var mount in MountCall.Below(directories.Root))
        {
            MountCall.Detach(mount);
        }

        return count;
    }

    /// <summary>Every pod of this suite on the machine, whoever ran it, and every agent's directory below one.</summary>
    internal static void Everything(string directory)
    {
        if (Directory.Exists(directory))
        {
            foreach (var root in Directory.EnumerateDirectories(directory).Prepend(directory))
            {
                Recorded(root);
            }

            foreach (var mount in MountCall.Below(Path.GetFullPath(directory)))
            {
                MountCall.Detach(mount);
            }
        }

        foreach (var name in NetworkNamespace.Names(ProcessRuntime.NamespacePrefix))
        {
            RemoveNamespace(name);
        }

        RemoveRootCgroup();
    }

    /// <summary>The control groups of a pod whose processes have been killed.</summary>
    internal static Task RemoveCgroupsAsync(string uid) => CgroupRemoval.RunAsync(() => RemoveCgroups(uid), TimeProvider.System);

    /// <summary>The group above those of pods, unless another agent has pods. Only when an agent ends: a pod that starts makes its group below it.</summary>
    internal static void RemoveRootCgroup() => Cgroup.RemoveIfEmpty(CgroupHierarchy.OfThisMachine, CgroupNames.Root);

    /// <summary>Ends what is recorded of a pod and removes its namespaces.</summary>
    internal static bool Pod(PodDirectories directories, string uid)
    {
        var found = false;
        var file = directories.Processes(uid);
        if (File.Exists(file))
        {
            foreach (var line in File.ReadLines(file))
            {
                found |= ProcessIdentity.TryParse(line, out var process) && process.Kill();
            }

            File.Delete(file);
        }

        if (File.Exists(directories.SandboxRecord(uid)))
        {
            File.Delete(directories.SandboxRecord(uid));
        }

        if (uid.Length >= 8 && NetworkNamespace.Names(ProcessRuntime.NamespaceName(uid)) is [var name])
        {
            RemoveNamespace(name);
            found = true;
        }

        EndCgroups(uid);
        return found;
    }

    private static void EndCgroups(string uid)
    {
        var pod = ProcessRuntime.PodCgroup(uid);
        foreach (var container in pod.Children())
        {
            Cgroup.At(CgroupHierarchy.OfThisMachine, $"{pod.Path}/{container}").Kill();
        }

        RemoveCgroups(uid);
    }

    private static bool RemoveCgroups(string uid) => Cgroup.RemoveEverywhere(CgroupHierarchy.OfThisMachine, CgroupNames.Pod(uid));

    private static void RemoveNamespace(string name)
    {
        foreach (var process in NamespaceProcesses.In(Path.Combine(NetworkNamespace.Directory, name)))
        {
            process.Kill();
        }

        NetworkNamespace.Delete(name);
    }
}
