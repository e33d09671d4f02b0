using Dataplane.Api;
using Dataplane.Api.Client;

namespace Dataplane.ControlPlane.Scheduling;

/// <summary>All nodes and who runs where, kept by the scheduler's loop from the changes it is told of and its own decisions.</summary>
internal sealed class ClusterState
{
    private readonly Dictionary<string, NodeState> _nodes = [];
    private readonly Dictionary<string, NodeState> _places = [];

    /// <summary>The nodes there are.</summary>
    public IEnumerable<NodeState> Nodes => _nodes.Values.Where(state => state.Node is not null);

    public void Apply(InformerChange<Node> change)
    {
        var name = change.Object.Metadata.Name;
        var state = Of(name);
        state.Node = change.New;
        if (change.New is null && state.Pods.Count == 0)
        {
            _nodes.Remove(name);
        }
    }

    /// <summary>Takes note of a pod. True when room may have become free.</summary>
    public bool Apply(InformerChange<Pod> change)
    {
        var pod = change.Object;
        if (change.New is null || pod.Status.Phase is "Succeeded" or "Failed")
        {
            return Remove(pod.Metadata.UID);
        }

        if (!string.IsNullOrEmpty(pod.Spec.NodeName))
        {
            Place(pod, pod.Spec.NodeName);
        }

        return false;
    }

    /// <summary>Counts a pod on a node, decided or seen.</summary>
    public void Place(Pod pod, string node)
    {
        if (_places.TryGetValue(pod.Metadata.UID, out var place) && place.Name != node)
        {
            place.Remove(pod.Metadata.UID);
        }

        var state = Of(node);
        state.Add(pod);
        _places[pod.Metadata.UID] = state;
    }

    /// <summary>Whether a pod has its place: seen, or decided and being bound.</summary>
    public bool IsPlaced(string uid) => _places.ContainsKey(uid);

    public bool Remove(string uid) => _places.Remove(uid, out var place) && place.Remove(uid);

    private NodeState Of(string name)
    {
        if (!_nodes.TryGetValue(name, out var state))
        {
            _nodes[name] = state = new NodeState(name);
        }

        return state;
    }
}
