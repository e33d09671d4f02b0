using Dataplane.Api;
using Dataplane.Linux.Mounts;

namespace Dataplane.Kubelet.Volumes;

/// <summary>
/// fsGroup: what is in a volume belongs to a group, which may read it (and write to it, if the volume is for writing), and what comes later
/// belongs to it too, by the set-group-ID bit of directories. Source: pkg/volume/volume_linux.go.
/// </summary>
internal static class VolumeOwnership
{
    /// <summary>What the group may do at least with a file of a volume that is for reading.</summary>
    internal const int Read = 0x120;

    private const int ReadWrite = 0x1B0;
    private const int Enter = 0x48;
    private const int SetGroup = 0x400;

    /// <summary>Gives all of a volume to a group. Links are given, not followed.</summary>
    /// <exception cref="IOException">The file system refuses.</exception>
    internal static void Set(string directory, long group, bool isReadOnly)
    {
        // What is below comes first: a directory that is right has been gone through to the end, as IsSet trusts.
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
        {
            if (entry.LinkTarget is not null)
            {
                RootDirectory.SetOwner(entry.FullName, -1, (int)group);
            }
            else if (entry is DirectoryInfo)
            {
                Set(entry.FullName, group, isReadOnly);
            }
            else
            {
                Give(entry.FullName, group, isReadOnly ? Read : ReadWrite);
            }
        }

        Give(directory, group, OfDirectory(isReadOnly));
    }

    /// <summary>As <see cref="Set"/>, for a volume that outlives the pod: with the policy OnRootMismatch only when its top is not right.</summary>
    internal static void Set(string directory, PodSecurityContext? security)
    {
        if (security is { FSGroup: { } group } && !(security.FSGroupChangePolicy == "OnRootMismatch" && IsSet(directory, group)))
        {
            Set(directory, group, isReadOnly: false);
        }
    }

    /// <summary>The user that all containers of a pod run as by its spec; null when there is no such one. Tokens are given to it.</summary>
    internal static long? UserOf(PodSpec spec)
    {
        var users = spec.InitContainers.Concat(spec.Containers).Select(one => one.SecurityContext?.RunAsUser ?? spec.SecurityContext?.RunAsUser).Distinct().ToArray();
        return users is [var user] ? user : null;
    }

    private static bool IsSet(string directory, long group)
    {
        var wanted = OfDirectory(isReadOnly: false);
        return FileStatus.GroupOf(directory) == group && (FileStatus.PermissionsOf(directory) & wanted) == wanted;
    }

    private static int OfDirectory(bool isReadOnly) => (isReadOnly ? Read : ReadWrite) | Enter | SetGroup;

    /// <summary>The permissions are looked at before: a change of owner takes set-ID bits away.</summary>
    private static void Give(string path, long group, int permissions)
    {
        var before = FileStatus.PermissionsOf(path);
        RootDirectory.SetOwner(path, -1, (int)group);
        Linux.Mounts.FileMode.Set(path, before | permissions);
    }
}
