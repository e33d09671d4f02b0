namespace Dataplane.Kubelet.Runtimes;

/// <summary>
/// Where things are below the agent's root directory.
/// <code>
/// pods/UID/etc/{hosts,hostname,resolv.conf}
/// pods/UID/volumes/NAME
/// pods/UID/volume-subpaths/VOLUME/CONTAINER/INDEX   a part of a volume, for a container to mount
/// pods/UID/containers/NAME/ATTEMPT          scratch for the root file system, empty outside the container
/// pods/UID/containers/NAME/ATTEMPT.json     the process runtime's record of a run
/// pods/UID/sandbox.json                     and of the sandbox
/// pods/UID/address                          the pod's addresses, for an agent that adopts it
/// pods/UID/logs/NAME/ATTEMPT.log
/// pods/UID/termination/NAME/ATTEMPT         what a run says of its end
/// pods/UID/processes                        "PID START-TIME" of each process started, for cleaning up
/// memory/UID/NAME                           secrets and the like, on a memory file system
/// images/HASH                               unpacked archives
/// network/addresses                         reservations
/// network/attachments/UID.json              what CNI plugins connected, if they do
/// </code>
/// </summary>
internal sealed class PodDirectories(string root)
{
    internal string Root { get; } = Path.GetFullPath(root);

    internal string Pods => Path.Combine(Root, "pods");

    internal string Images => Path.Combine(Root, "images");

    internal string Attachments => Path.Combine(Root, "network", "attachments");

    internal string Addresses => Path.Combine(Root, "network", "addresses");

    internal string Memory => Path.Combine(Root, "memory");

    internal string Pod(string uid) => Path.Combine(Pods, uid);

    internal string Etc(string uid, string file) => Path.Combine(Pod(uid), "etc", file);

    internal string Volume(string uid, string name) => Path.Combine(Pod(uid), "volumes", name);

    internal string SubPath(string uid, string volume, string container, string index) =>
        Path.Combine(Pod(uid), "volume-subpaths", volume, container, index);

    internal string MemoryVolume(string uid, string name) => Path.Combine(Memory, uid, name);

    internal string Container(string uid, string name, int attempt) => Path.Combine(Containers(uid), name, $"{attempt}");

    internal string Containers(string uid) => Path.Combine(Pod(uid), "containers");

    internal string ContainerRecord(string uid, string name, int attempt) => Path.Combine(Containers(uid), name, $"{attempt}.json");

    internal string SandboxRecord(string uid) => Path.Combine(Pod(uid), "sandbox.json");

    internal string Address(string uid) => Path.Combine(Pod(uid), "address");

    internal string Logs(string uid) => Path.Combine(Pod(uid), "logs");

    internal string Log(string uid, string name, int attempt) => Path.Combine(Logs(uid), name, $"{attempt}.log");

    internal string TerminationMessage(string uid, string name, int attempt) => Path.Combine(Pod(uid), "termination", name, $"{attempt}");

    internal string Processes(string uid) => Path.Combine(Pod(uid), "processes");
}
