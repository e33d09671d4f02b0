using System.Net;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Volumes;

namespace Dataplane.Kubelet.Pods;

/// <summary>A pod's running sandbox with its address and volumes.</summary>
internal sealed record PodSandboxState(
    IPodSandbox Sandbox, IPAddress Address, IReadOnlyDictionary<string, MountedVolume> Volumes);
