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

    /// <summary>Starts the holder.</summary>
    /// <param name="network">The pod's network namespace; null for the calling process's (a hostNetwork pod).</param>
    /// <param name="hostname">At most 64 bytes (HOST_NAME_MAX).</param>
    /// <exception cref="LinuxException">EPERM without CAP_SYS_ADMIN.</exception>
    public static ChildProcess Start(NetworkNamespace? network, string hostname) => NamespacedThread.Run("dp-sandbox", () =>
    {
        network?.Enter();
        LinuxException.Check(Libc.unshare(Libc.CLONE_NEWUTS | Libc.CLONE_NEWIPC), "unshare UTS and IPC namespaces");
        LinuxException.Check(Libc.sethostname(hostname, (nuint)System.Text.Encoding.UTF8.GetByteCount(hostname)), $"set host name {hostname}");
        using var request = new SpawnRequest();
        request.Program(Array.Find(Programs, File.Exists) ?? Programs[0], ["sleep", "infinity"], []);
        request.ChangeDirectory("/");
        request.Streams(default);
        var errno = request.Run();
        return errno == 0 ? ChildProcess.Open(request.Pid) : throw new LinuxException("start the sandbox's holder", errno);
    });
}
