namespace Dataplane.Kubelet.Volumes;

/// <summary>Where a pod's volume is on this machine.</summary>
/// <param name="Path">A directory, or for hostPath whatever it names.</param>
/// <param name="ReadOnly">Whether no container may write to it, whatever its mount says: what the agent itself keeps up to date.</param>
internal sealed record MountedVolume(string Path, bool ReadOnly);
