using Dataplane.Linux.Namespaces;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>A pod with the node's network, made by an engine: it has the network that the engine runs in, and that must be the node's.</summary>
internal static class EngineNetwork
{
    /// <param name="node">The node's network namespace; null is the agent's own.</param>
    /// <param name="sandbox">A process of the pod's sandbox.</param>
    /// <exception cref="IOException">The engine runs in another one.</exception>
    internal static void Check(NetworkNamespace? node, int sandbox)
    {
        using var own = node is null ? NetworkNamespace.OfThisProcess() : null;
        if (!(node ?? own!).Has(sandbox))
        {
            throw new IOException("hostNetwork is the network that the container engine runs in, and this is not the node's: start the engine in the node's network namespace");
        }
    }
}
