using System.Net;
using System.Text.Json.Nodes;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Kubelet.Runtimes.Docker;

/// <summary>A container that does nothing and whose namespaces the pod's others join.</summary>
internal sealed class DockerSandbox : IPodSandbox
{
    private readonly DockerClient _docker;
    private readonly string _uid;

    private DockerSandbox(DockerClient docker, string id, string uid, int processId, NetworkNamespace? network)
    {
        (_docker, Id, _uid, ProcessId) = (docker, id, uid, processId);
        Network = network;
    }

    internal string Id { get; }

    internal int ProcessId { get; }

    public NetworkNamespace? Network { get; }

    /// <summary>Connecting it is the agent's task: the engine leaves it with a loopback device (NetworkMode none).</summary>
    public IReadOnlyList<IPAddress> Addresses => [];

    /// <returns>Null when it does not run: its namespaces are gone.</returns>
    internal static async Task<DockerSandbox?> OpenAsync(DockerClient docker, string id, CancellationToken cancellation)
    {
        var container = (await docker.GetAsync($"containers/{id}/json", cancellation))!;
        if ((bool?)container["State"]?["Running"] != true || (int?)container["State"]?["Pid"] is not ({ } pid and > 0))
        {
            return null;
        }

        var isHost = (string?)container["HostConfig"]?["NetworkMode"] == "host";
        return new DockerSandbox(docker, id, (string?)container["Config"]?["Labels"]?[DockerLabels.Uid] ?? "", pid, isHost ? null : NetworkNamespace.Open($"/proc/{pid}/ns/net"));
    }

    /// <summary>Removes a sandbox with all containers in it. Idempotent.</summary>
    internal static async Task RemoveAsync(DockerClient docker, string id, CancellationToken cancellation)
    {
        var members = (await docker.GetAsync($"containers/json?all=1&filters={DockerLabels.Filter(DockerLabels.SandboxId, id)}", cancellation))!.AsArray();
        foreach (var member in members.Select(member => (string)member!["Id"]!).Append(id))
        {
            await docker.TryAsync(HttpMethod.Delete, $"containers/{member}?force=1&v=1", cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Network?.Dispose();
        await RemoveAsync(_docker, Id, CancellationToken.None);
        await PodCleanup.RemoveCgroupsAsync(_uid);
    }

    internal static JsonObject Plan(SandboxRequest request, string image, string node) => new()
    {
        ["Image"] = image,
        ["Hostname"] = request.HostNetwork ? null : request.Hostname,
        ["Labels"] = DockerLabels.Of(request.Pod, node, DockerLabels.Sandbox, null, 0, null),
        ["HostConfig"] = new JsonObject
        {
            ["NetworkMode"] = request.HostNetwork ? "host" : "none",
            ["UTSMode"] = request.HostNetwork ? "host" : null,
            ["IpcMode"] = request.HostIpc ? "host" : "shareable",
            ["PidMode"] = request.Processes == ProcessScope.Host ? "host" : null,
            ["Privileged"] = request.Privileged,
            ["RestartPolicy"] = new JsonObject { ["Name"] = "no" },
            ["OomScoreAdj"] = 0,
            ["CpuShares"] = 2,
            ["CgroupParent"] = DockerContainerPlan.CgroupParent(request.Pod.Uid),
            ["LogConfig"] = new JsonObject { ["Type"] = "none" },
        },
    };
}
