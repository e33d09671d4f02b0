using Dataplane.Linux.Interop;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Linux.Processes;

/// <summary>
/// The pause container's job: a process that does nothing and by living keeps a pod's network, UTS and IPC namespaces, also
/// while every container of the pod is dead and while the node agent is not running.
/// </summary>
public static class SandboxHolder
{
    private static readonly string[] Programs = ["/usr/bin/sleep", "/bin/sleep"];

    static SandboxHolder() => SpawnRequest.Prepare();

    /// <summary>Starts the holder.</summary>
    /// <param name="network">The pod's network namespace; null for the calling process's (a hostNetwork pod).</param>
    /// <param name="sharesProcesses">Whether it is PID 1 of a PID namespace that the pod's containers join, and takes in their orphans.</param>
    /// <param name="hostIpc">Whether the pod uses the machine's IPC objects.</param>
    /// <param name="hostname">At most 64 bytes (HOST_NAME_MAX).</param>
    /// <exception cref="LinuxException">EPERM without CAP_SYS_ADMIN.</exception>
    public static ChildProcess Start(NetworkNamespace? network, string hostname, bool sharesProcesses = false, bool hostIpc = false) => NamespacedThread.Run("dp-sandbox", () =>
    {
        network?.Enter();
        LinuxException.Check(Libc.unshare(Libc.CLONE_NEWUTS | (hostIpc ? 0 : Libc.CLONE_NEWIPC)), "unshare UTS and IPC namespaces");
        LinuxException.Check(Libc.sethostname(hostname, (nuint)System.Text.Encoding.UTF8.GetByteCount(hostname)), $"set host name {hostname}");
        using var request = new SpawnRequest();
        if (sharesProcesses)
        {
            // Who ignores SIGCHLD has no zombies to reap, and a program inherits it.
            request.Program("/bin/sh", ["sh", "-c", "trap '' CHLD; exec sleep infinity"], ["PATH=/usr/bin:/bin"]);
        }
        else
        {
            request.Program(Array.Find(Programs, File.Exists) ?? Programs[0], ["sleep", "infinity"], []);
        }

        request.ChangeDirectory("/");
        request.Streams(default);
        var errno = sharesProcesses ? request.RunInPidNamespace(SpawnRequest.NewNamespace) : request.Run();
        return errno == 0 ? ChildProcess.Open(request.Pid) : throw new LinuxException("start the sandbox's holder", errno);
    });
}
