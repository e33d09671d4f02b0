using System.Globalization;
using Dataplane.Kubelet.Pods;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Linux;
using Dataplane.Linux.Mounts;

namespace Dataplane.Kubelet.Volumes;

/// <summary>
/// Parts of volumes as containers mount them. A container that shares the volume may put links there, so a part is opened without ever
/// leaving the volume and bound to a place of the agent's own, from where it is mounted (CVE-2017-1002101, CVE-2021-25741).
/// </summary>
internal sealed class SubPaths(PodDirectories directories)
{
    /// <summary>Where the part of a volume is; a part that is not there is made, as a directory.</summary>
    /// <param name="volume">The volume.</param>
    /// <param name="subPath">Relative to the volume.</param>
    /// <param name="place">For which mount it is: each has a place of its own.</param>
    /// <exception cref="ConfigurationException">It leads out of the volume; the words are upstream's.</exception>
    internal string Mount(MountedVolume volume, string subPath, SubPathPlace place)
    {
        if (Path.IsPathRooted(subPath))
        {
            throw new ConfigurationException($"error SubPath `{subPath}` must not be an absolute path");
        }

        if (subPath.Split('/').Contains(".."))
        {
            throw new ConfigurationException($"unable to provision SubPath `{subPath}`: must not contain '..'");
        }

        try
        {
            using var part = PathBeneath.OpenOrMakeDirectory(volume.Path, subPath);
            var target = directories.SubPath(place.PodUid, place.Volume, place.Container, place.Index.ToString(CultureInfo.InvariantCulture));
            MakeTarget(PathBeneath.PathOf(part), target);
            MountCall.Bind(PathBeneath.PathOf(part), target);
            return target;
        }
        catch (IOException problem)
        {
            throw new ConfigurationException($"failed to prepare subPath for volumeMount \"{place.Volume}\" of container \"{place.Container}\": {problem.Message}");
        }
    }

    private static void MakeTarget(string part, string target)
    {
        MountCall.Detach(target);
        var (isDirectory, wasDirectory) = (Directory.Exists(part), Directory.Exists(target));
        if (wasDirectory && !isDirectory)
        {
            Directory.Delete(target);
        }

        if (isDirectory)
        {
            if (!wasDirectory)
            {
                File.Delete(target);
            }

            Directory.CreateDirectory(target);
        }
        else
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllBytes(target, []);
        }
    }
}

/// <param name="Index">Which of the container's mounts.</param>
internal sealed record SubPathPlace(string PodUid, string Volume, string Container, int Index);
