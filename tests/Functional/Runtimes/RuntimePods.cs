using Dataplane.Kubelet;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Runtimes.Cri;
using Dataplane.Kubelet.Runtimes.Cri.V1;
using Dataplane.Kubelet.Runtimes.Docker;
using Dataplane.Linux.Namespaces;
using Dataplane.TestKit;

namespace Dataplane.Functional.Runtimes;

/// <summary>A node's pods as whatever runs them knows them, asked without the kubelet.</summary>
/// <param name="runtime">process, docker or cri.</param>
/// <param name="socket">The engine's; empty for process.</param>
/// <param name="node">The node's name.</param>
/// <param name="machine">The node's network namespace.</param>
/// <param name="root">The kubelet's directory.</param>
internal sealed class RuntimePods(string runtime, string socket, string node, NetworkNamespace machine, string root)
{
    internal NetworkNamespace Machine => machine;

    /// <summary>The kubelet's flags about it.</summary>
    internal string[] Flags =>
    [
        "--container-runtime", runtime, "--pod-infra-container-image", TestImages.Name,
        .. socket.Length > 0 ? ["--container-runtime-endpoint", "unix://" + socket] : Array.Empty<string>(),
    ];

    internal async Task<bool> ContainsAsync(string uid) => runtime == "process"
        ? NetworkNamespace.Names(ProcessRuntime.NamespaceName(uid)).Count > 0
        : (await UidsAsync()).Contains(uid);

    /// <summary>Ends and removes all. No kubelet may be running.</summary>
    internal async Task RemoveAsync()
    {
        if (runtime != "process")
        {
            await using var engine = Open();
            await Task.WhenAll((await UidsAsync()).Select(uid => engine.RemovePodAsync(uid, default)));
        }

        if (Directory.Exists(root))
        {
            PodCleanup.Recorded(root);
        }
    }

    private IContainerRuntime Open() => runtime == "docker"
        ? new DockerRuntime(new DockerRuntimeOptions(socket, node, TestImages.Name), TimeProvider.System)
        : new CriRuntime(socket, node, machine, TimeProvider.System);

    private async Task<IReadOnlyCollection<string>> UidsAsync()
    {
        if (runtime == "docker")
        {
            using var docker = new DockerClient(socket);
            var all = await docker.GetAsync($"containers/json?all=1&filters={DockerLabels.Filter(DockerLabels.Node, node)}", default);
            return [.. all!.AsArray().Select(one => (string)one!["Labels"]![DockerLabels.Uid]!).Distinct()];
        }

        using var cri = new CriClient(socket);
        var request = new ListPodSandboxRequest { Filter = new PodSandboxFilter { LabelSelector = { [CriPlan.NodeLabel] = node } } };
        var answer = await cri.RuntimeAsync("ListPodSandbox", request, ListPodSandboxResponse.Parser, default);
        return [.. answer.Items.Select(one => one.Metadata.Uid).Distinct()];
    }
}
