using System.Globalization;
using Dataplane.Linux;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>Finds what an earlier agent of the same directory has left: pods that go on, and what is left of others.</summary>
internal sealed class ProcessAdoption(PodDirectories directories, ProcessMonitor monitor, ProcessStarter starter)
{
    internal List<PodOnMachine> List()
    {
        var pods = new List<PodOnMachine>();
        if (Directory.Exists(directories.Pods))
        {
            foreach (var uid in Directory.EnumerateDirectories(directories.Pods).Select(path => Path.GetFileName(path)!))
            {
                if (Find(uid) is { } pod)
                {
                    pods.Add(pod);
                }
            }
        }

        return pods;
    }

    private PodOnMachine? Find(string uid)
    {
        var sandbox = OpenSandbox(uid);
        var containers = Runs(uid).Select(run => Open(uid, run.Name, run.Attempt)).OfType<ContainerOnMachine>().ToList();
        if (sandbox is null)
        {
            // After a reboot, or half of a start: what still runs has no pod to run in.
            PodCleanup.Pod(directories, uid);
        }
        else
        {
            EndStrays(uid, sandbox, containers);
            containers.Select(one => one.Container).OfType<ProcessContainer>().ToList().ForEach(sandbox.Add);
        }

        return sandbox is null && containers.Count == 0 ? null : new PodOnMachine(uid, sandbox, containers);
    }

    private ProcessSandbox? OpenSandbox(string uid)
    {
        if (SandboxRecord.Read(directories.SandboxRecord(uid)) is not { } record
            || !ProcessIdentity.TryParse(record.Holder, out var identity) || ChildProcess.TryAdopt(identity) is not { } holder)
        {
            return null;
        }

        var name = ProcessRuntime.NamespaceName(uid);
        if (!record.HostNetwork && NetworkNamespace.Names(name).Count == 0)
        {
            holder.Dispose();
            return null;
        }

        return new ProcessSandbox(uid, record.HostNetwork ? null : NetworkNamespace.Open(name), holder, monitor.WaitAsync(holder), directories);
    }

    /// <summary>The latest run of each container.</summary>
    private IEnumerable<(string Name, int Attempt)> Runs(string uid)
    {
        var top = directories.Containers(uid);
        foreach (var directory in Directory.Exists(top) ? Directory.EnumerateDirectories(top) : [])
        {
            var attempts = Directory.EnumerateFiles(directory, "*.json")
                .Select(path => int.TryParse(Path.GetFileNameWithoutExtension(path), CultureInfo.InvariantCulture, out var attempt) ? attempt : -1)
                .Where(attempt => attempt >= 0).ToArray();
            if (attempts.Length > 0)
            {
                yield return (Path.GetFileName(directory), attempts.Max());
            }
        }
    }

    private ContainerOnMachine? Open(string uid, string name, int attempt)
    {
        var path = directories.ContainerRecord(uid, name, attempt);
        if (ContainerRecord.Read(path) is not { } record)
        {
            return null;
        }

        IRunningContainer container = (record.Exit is null ? Resume(record, path) : null)
            ?? (IRunningContainer)new EndedContainer(record.Id, record.StartedAt, record.LogPath, record.Exit ?? ContainerExit.Unknown(starter.Time.GetUtcNow()));
        return new ContainerOnMachine(name, attempt, container);
    }

    /// <summary>The container by what its keeper has; null when the keeper has ended, which nobody may have noted yet, and the descriptors with it.</summary>
    private ProcessContainer? Resume(ContainerRecord record, string path)
    {
        if (!ProcessIdentity.TryParse(record.Keeper, out var identity) || ChildProcess.TryAdopt(identity) is not { } keeper)
        {
            return null;
        }

        try
        {
            return starter.Resume(record, path, ProcessStarter.Kept(keeper, record), keeper);
        }
        catch (LinuxException ended) when (ended.Errno == Errno.ESRCH)
        {
            keeper.Dispose();
            return null;
        }
    }

    /// <summary>Processes that were started and then not written down as a container's: the agent was killed in between.</summary>
    private void EndStrays(string uid, ProcessSandbox sandbox, List<ContainerOnMachine> containers)
    {
        var known = new HashSet<int> { sandbox.Holder.Pid };
        foreach (var container in containers.Select(one => one.Container).OfType<ProcessContainer>())
        {
            known.UnionWith([container.Process.Pid, container.Keeper.Pid]);
        }

        var file = directories.Processes(uid);
        foreach (var line in File.Exists(file) ? File.ReadLines(file) : [])
        {
            if (ProcessIdentity.TryParse(line, out var process) && !known.Contains(process.Pid))
            {
                process.Kill();
            }
        }
    }
}
