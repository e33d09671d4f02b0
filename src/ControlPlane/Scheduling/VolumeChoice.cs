using Dataplane.Api;

namespace Dataplane.ControlPlane.Scheduling;

/// <summary>The volumes a pod needs: those its claims have, and claims that get theirs when the pod's node is known.</summary>
/// <param name="Bound">Volumes of bound claims.</param>
/// <param name="Open">Claims of classes that wait for their first consumer.</param>
internal sealed record PodVolumesNeeded(IReadOnlyList<PersistentVolume> Bound, IReadOnlyList<PersistentVolumeClaim> Open)
{
    public static readonly PodVolumesNeeded None = new([], []);

    public bool IsNone => Bound.Count + Open.Count == 0;
}

/// <summary>What is to be bound before a pod can be: volumes chosen for its open claims, and claims somebody has to provision for.</summary>
internal sealed record VolumeChoice(
    IReadOnlyList<(PersistentVolumeClaim Claim, PersistentVolume Volume)> Chosen, IReadOnlyList<PersistentVolumeClaim> Provisioned)
{
    public static readonly VolumeChoice Nothing = new([], []);
}
