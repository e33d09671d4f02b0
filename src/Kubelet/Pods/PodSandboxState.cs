using System.Net;
using Dataplane.Api;
using Dataplane.Kubelet.Runtimes;

namespace Dataplane.Kubelet.Pods;

/// <summary>A pod's running sandbox with its address and volumes.</summary>
internal sealed record PodSandboxState(
    IPodSandbox Sandbox, IPAddress Address, IReadOnlyDictionary<string, string> Volumes, KubeletOptions Options)
{
    internal PodFields Fields(Pod pod) => new(pod, Address.ToString(), Options.NodeIP.ToString(), Options.NodeName);
}
