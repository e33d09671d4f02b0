using Dataplane.Kubelet.Runtimes.Cri;
using Dataplane.Kubelet.Runtimes.Docker;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>The runtimes there are, by name.</summary>
internal static class ContainerRuntimes
{
    private const string Scheme = "unix://";
    private const string DockerSocket = "/run/docker.sock";
    private const string ContainerdSocket = "/run/containerd/containerd.sock";

    /// <exception cref="ArgumentException">There is no such runtime, or its address is none of a unix socket.</exception>
    internal static IContainerRuntime Create(KubeletOptions options, PodDirectories directories, TimeProvider time) => options.ContainerRuntime switch
    {
        "process" => new ProcessRuntime(directories, new ImageTable(options.Images, directories.Images), options.Namespace, time, options.ContainerLogs),
        "docker" => new DockerRuntime(
            new DockerRuntimeOptions(Socket(options, DockerSocket), options.NodeName, options.PodInfraContainerImage) { Logs = options.ContainerLogs, Node = options.Namespace }, time),
        "cri" => new CriRuntime(Socket(options, ContainerdSocket), options.NodeName, options.Namespace, time, options.ContainerLogs),
        var other => throw new ArgumentException($"--container-runtime: \"{other}\" is none of process, docker, cri"),
    };

    private static string Socket(KubeletOptions options, string usual)
    {
        var endpoint = options.ContainerRuntimeEndpoint;
        return endpoint.Length == 0 ? usual
            : endpoint.StartsWith(Scheme, StringComparison.Ordinal) ? endpoint[Scheme.Length..]
            : endpoint.StartsWith('/') ? endpoint
            : throw new ArgumentException($"--container-runtime-endpoint: \"{endpoint}\" is not unix:// and a path");
    }
}
