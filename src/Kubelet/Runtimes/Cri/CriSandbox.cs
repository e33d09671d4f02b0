using System.Net;
using System.Text.Json.Nodes;
using Dataplane.Kubelet.Runtimes.Cri.V1;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Kubelet.Runtimes.Cri;

/// <summary>A sandbox of the runtime, with the network that its own plugins gave it.</summary>
internal sealed class CriSandbox : IPodSandbox
{
    private readonly CriClient _cri;
    private readonly string _uid;

    private CriSandbox(CriClient cri, string id, string uid, int? processId, NetworkNamespace? network, IReadOnlyList<IPAddress> addresses)
    {
        (_cri, Id, _uid, ProcessId) = (cri, id, uid, processId);
        (Network, Addresses) = (network, addresses);
    }

    internal string Id { get; }

    /// <summary>Null when the runtime does not tell.</summary>
    internal int? ProcessId { get; }

    public NetworkNamespace? Network { get; }

    public IReadOnlyList<IPAddress> Addresses { get; }

    /// <returns>Null when it is not ready: its namespaces are gone.</returns>
    internal static async Task<CriSandbox?> OpenAsync(CriClient cri, string id, CancellationToken cancellation)
    {
        var answer = await cri.RuntimeAsync(
            "PodSandboxStatus", new PodSandboxStatusRequest { PodSandboxId = id, Verbose = true }, PodSandboxStatusResponse.Parser, cancellation);
        if (answer.Status is not { State: PodSandboxState.SandboxReady } status)
        {
            return null;
        }

        var isHost = status.Linux?.Namespaces?.Options?.Network == NamespaceMode.Node;
        var addresses = status.Network is { Ip.Length: > 0 } network
            ? new[] { network.Ip }.Concat(network.AdditionalIps.Select(one => one.Ip)).Select(IPAddress.Parse).ToArray()
            : [];
        var pid = PidOf(answer);
        return new CriSandbox(cri, id, status.Metadata?.Uid ?? "", pid, isHost || pid is null ? null : NetworkNamespace.Open($"/proc/{pid}/ns/net"), addresses);
    }

    /// <summary>Removes a sandbox with all containers in it. Idempotent.</summary>
    internal static async Task RemoveAsync(CriClient cri, string id, CancellationToken cancellation)
    {
        await cri.RuntimeAsync("StopPodSandbox", new StopPodSandboxRequest { PodSandboxId = id }, StopPodSandboxResponse.Parser, cancellation);
        await cri.RuntimeAsync("RemovePodSandbox", new RemovePodSandboxRequest { PodSandboxId = id }, RemovePodSandboxResponse.Parser, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        Network?.Dispose();
        await RemoveAsync(_cri, Id, CancellationToken.None);
        await PodCleanup.RemoveCgroupsAsync(_uid);
    }

    /// <summary>The sandbox's process is no part of the interface, but both runtimes there are tell it (for crictl inspectp).</summary>
    private static int? PidOf(PodSandboxStatusResponse answer) =>
        answer.Info.TryGetValue("info", out var info) && (int?)JsonNode.Parse(info)?["pid"] is ({ } pid and > 0) ? pid : null;
}
