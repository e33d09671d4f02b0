using Dataplane.Api;
using Dataplane.Kubelet.Pods;
using Dataplane.Linux.Mounts;

namespace Dataplane.Kubelet.Volumes;

/// <summary>emptyDir volumes: directories that live as long as their pod, on disk or in memory.</summary>
internal static class EmptyDirs
{
    private const int Everybody = 0x1FF;

    /// <summary>Makes the directory unless it is there.</summary>
    /// <exception cref="ConfigurationException">A medium that is not known.</exception>
    internal static void Make(string path, EmptyDirVolumeSource source, PodSpec spec)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        if (source.Medium is not (null or "" or "Memory"))
        {
            throw new ConfigurationException($"unknown storage medium \"{source.Medium}\"");
        }

        Directory.CreateDirectory(path);
        if (source.Medium == "Memory")
        {
            MountCall.Memory(path, Bytes(source, spec) is { } bytes ? $"mode=0777,size={bytes}" : "mode=0777");
        }

        Linux.Mounts.FileMode.Set(path, Everybody);
        if (spec.SecurityContext?.FSGroup is { } group)
        {
            VolumeOwnership.Set(path, group, isReadOnly: false);
        }
    }

    /// <summary>The first volume that holds more than it may, in upstream's words; null when there is none.</summary>
    /// <param name="pathOf">Where a volume is.</param>
    internal static string? Exceeded(Pod pod, Func<Volume, string> pathOf)
    {
        foreach (var volume in pod.Spec.Volumes.Where(IsLimited))
        {
            var limit = volume.EmptyDir!.SizeLimit!.Value;
            var path = pathOf(volume);
            if (Directory.Exists(path) && FileStatus.AllocatedBytes(path) > limit.Value)
            {
                return $"Usage of EmptyDir volume \"{volume.Name}\" exceeds the limit \"{limit}\". ";
            }
        }

        return null;
    }

    /// <summary>Whether somebody has to look how much it holds. A memory file system minds its limit itself.</summary>
    internal static bool IsLimited(Volume volume) => volume is { EmptyDir: { SizeLimit: { Value: > 0 }, Medium: not "Memory" } };

    /// <summary>The lesser of its own limit and what all containers together may have; null for neither.</summary>
    private static long? Bytes(EmptyDirVolumeSource source, PodSpec spec)
    {
        var limits = spec.Containers.Select(one => one.Resources.Limits.TryGetValue("memory", out var limit) ? limit.WholeValue : 0).ToArray();
        long? containers = limits.All(limit => limit > 0) ? limits.Sum() : null;
        long? own = source.SizeLimit is { Value: > 0 } limited ? limited.WholeValue : null;
        return own is null ? containers : containers is null ? own : Math.Min(own.Value, containers.Value);
    }
}
