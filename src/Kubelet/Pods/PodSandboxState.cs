using System.Net;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Volumes;

namespace Dataplane.Kubelet.Pods;

/// <summary>A pod's running sandbox with its addresses, the primary one first, and volumes.</summary>
internal sealed record PodSandboxState(
    IPodSandbox Sandbox, IReadOnlyList<IPAddress> Addresses, IReadOnlyDictionary<string, MountedVolume> Volumes);
