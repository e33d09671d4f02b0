using System.Collections.Concurrent;
using System.Net;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Kubelet.Events;
using Dataplane.Kubelet.Network;
using Dataplane.Kubelet.Probes;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Volumes;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.Pods;

/// <summary>What the workers of all pods share.</summary>
internal sealed record PodServices
{
    public required KubeletOptions Options { get; init; }
    public required KubernetesClient Client { get; init; }
    public required IContainerRuntime Runtime { get; init; }

    /// <summary>What an earlier agent left, by uid, until somebody takes it up.</summary>
    public required ConcurrentDictionary<string, PodOnMachine> Found { get; init; }

    public required IPodNetwork Network { get; init; }
    public required PodAdmission Admission { get; init; }
    public required PodVolumes Volumes { get; init; }
    public required ConfigurationSource Sources { get; init; }
    public required ContainerEnvironment Environment { get; init; }
    public required Informer<Service> ClusterServices { get; init; }
    public required EventRecorder Events { get; init; }
    public required ProbeRunner Probes { get; init; }
    public required PodDirectories Directories { get; init; }
    public required KubeletMetrics Metrics { get; init; }
    public required SubPaths SubPaths { get; init; }
    public required ConfigurationWatches Configuration { get; init; }

    /// <summary>What the node has for pods.</summary>
    public required IReadOnlyDictionary<string, Quantity> Allocatable { get; init; }

    public required TimeProvider Time { get; init; }
    public required ILogger Logger { get; init; }

    /// <param name="pod">The pod.</param>
    /// <param name="podIPs">Empty before its sandbox has any; the primary one first.</param>
    internal PodFields Fields(Pod pod, IReadOnlyList<IPAddress> podIPs) => new(pod, podIPs, Options.NodeIPs, Options.NodeName) { Allocatable = Allocatable };
}
