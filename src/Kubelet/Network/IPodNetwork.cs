using System.Net;
using Dataplane.Api;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Kubelet.Network;

/// <summary>What connects pods: the agent's own network, or the plugins of a CNI configuration.</summary>
internal interface IPodNetwork : IDisposable
{
    /// <summary>Null when pods can be connected; else why not, for the node's Ready condition.</summary>
    string? NotReady { get; }

    /// <summary>Connects a pod's namespace, or what a failed attempt left of it.</summary>
    /// <returns>The pod's addresses, the primary one first.</returns>
    Task<IReadOnlyList<IPAddress>> ConnectAsync(PodNetworkRequest pod, NetworkNamespace sandbox, CancellationToken cancellation);

    /// <summary>Takes over a pod that an earlier agent connected and whose sandbox still runs.</summary>
    /// <returns>Its addresses; empty when it is not connected.</returns>
    Task<IReadOnlyList<IPAddress>> AdoptAsync(PodNetworkRequest pod, NetworkNamespace sandbox, CancellationToken cancellation);

    /// <summary>Disconnects a pod, whatever was made for it. Idempotent, and without the namespace too.</summary>
    Task DisconnectAsync(string uid);

    /// <summary>Compares what is reserved with the pods there are, once at start. Pods are connected only after it.</summary>
    void Reconcile(IReadOnlyCollection<Pod> pods);

    /// <summary>A pod's object has changed or gone (null).</summary>
    void Observe(string uid, Pod? pod);
}
