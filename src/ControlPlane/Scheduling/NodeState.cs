using Dataplane.Api;

namespace Dataplane.ControlPlane.Scheduling;

/// <summary>A node and the pods on it, those just being bound included. Used by the scheduler's loop only.</summary>
internal sealed class NodeState(string name)
{
    private readonly Dictionary<string, Pod> _pods = [];

    public string Name { get; } = name;

    /// <summary>Null while only pods of the node are known.</summary>
    public Node? Node { get; set; }

    public IReadOnlyCollection<Pod> Pods => _pods.Values;

    /// <summary>Millicores asked for by the pods here.</summary>
    public long MilliCpu { get; private set; }

    /// <summary>Bytes asked for by the pods here.</summary>
    public long Memory { get; private set; }

    public void Add(Pod pod)
    {
        Remove(pod.Metadata.UID);
        _pods.Add(pod.Metadata.UID, pod);
        var request = PodRequest.Of(pod);
        MilliCpu += request.MilliCpu;
        Memory += request.Memory;
    }

    public bool Remove(string uid)
    {
        if (!_pods.Remove(uid, out var pod))
        {
            return false;
        }

        var request = PodRequest.Of(pod);
        MilliCpu -= request.MilliCpu;
        Memory -= request.Memory;
        return true;
    }
}
