using System.Text;
using Dataplane.Api;
using Dataplane.Kubelet.Pods;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Linux;
using Dataplane.Linux.Mounts;

namespace Dataplane.Kubelet.Volumes;

/// <summary>Makes a pod's volumes and says where they are on this machine.</summary>
/// <remarks>What comes from Secrets and tokens lies on a memory file system and never on a disk.</remarks>
internal sealed class PodVolumes(PodDirectories directories, ConfigurationSource configuration, TokenSource tokens)
{
    private const int DefaultFileMode = 0x1A4;

    /// <summary>Mounts the memory file system that all pods' secrets share; one left by an earlier run is used again.</summary>
    internal void Start()
    {
        Directory.CreateDirectory(directories.Memory);
        if (MountCall.Below(directories.Memory).Count == 0)
        {
            MountCall.Memory(directories.Memory, "mode=0711");
        }
    }

    internal void Stop()
    {
        foreach (var mount in MountCall.Below(directories.Root))
        {
            MountCall.Detach(mount);
        }
    }

    /// <summary>Makes every volume of the pod that is not there yet.</summary>
    /// <returns>Volume names and their paths.</returns>
    /// <exception cref="ConfigurationException">A source is not there.</exception>
    internal async Task<IReadOnlyDictionary<string, string>> MountAsync(PodFields fields, CancellationToken cancellation)
    {
        var paths = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var volume in fields.Pod.Spec.Volumes)
        {
            try
            {
                paths[volume.Name] = await MountAsync(volume, fields, cancellation);
            }
            catch (Exception failure) when (failure is ConfigurationException or IOException or UnauthorizedAccessException)
            {
                throw new ConfigurationException($"MountVolume.SetUp failed for volume \"{volume.Name}\" : {failure.Message}");
            }
        }

        return paths;
    }

    /// <summary>When a token among the pod's volumes is to be replaced; null when there is none.</summary>
    internal DateTimeOffset? RenewAt(string uid) => tokens.RenewAt(uid);

    /// <summary>Writes the volumes with tokens anew.</summary>
    /// <exception cref="ConfigurationException">A source is not there any more; the files stay as they were.</exception>
    internal async Task RenewAsync(PodFields fields, CancellationToken cancellation)
    {
        foreach (var volume in fields.Pod.Spec.Volumes.Where(volume => volume.Projected?.Sources.Exists(source => source.ServiceAccountToken is not null) == true))
        {
            await MountAsync(volume, fields, cancellation);
        }
    }

    /// <summary>Removes a pod's volumes with their content, but never what a hostPath names. Idempotent.</summary>
    internal void Remove(string uid)
    {
        tokens.Forget(uid);
        foreach (var mount in MountCall.Below(directories.Pod(uid)))
        {
            MountCall.Detach(mount);
        }

        foreach (var directory in new[] { Path.Combine(directories.Memory, uid), directories.Pod(uid) }.Where(Directory.Exists))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private async Task<string> MountAsync(Volume volume, PodFields fields, CancellationToken cancellation)
    {
        var (uid, ns) = (fields.Pod.Metadata.UID, fields.Pod.Metadata.Namespace);
        var onDisk = directories.Volume(uid, volume.Name);
        var inMemory = directories.MemoryVolume(uid, volume.Name);
        switch (volume)
        {
            case { HostPath: { } host }:
                HostPaths.Check(host);
                return host.Path;
            case { ConfigMap: { } map }:
                var data = await configuration.ConfigMapAsync(ns, map.Name, map.Optional == true, cancellation);
                return VolumeFiles.Write(onDisk, VolumeFiles.Project(data, map.Items, map.DefaultMode ?? DefaultFileMode, map.Optional == true));
            case { Secret: { } secret }:
                var content = await configuration.SecretAsync(ns, secret.SecretName, secret.Optional == true, cancellation);
                return VolumeFiles.Write(inMemory, VolumeFiles.Project(content, secret.Items, secret.DefaultMode ?? DefaultFileMode, secret.Optional == true));
            case { DownwardAPI: { } downward }:
                return VolumeFiles.Write(onDisk, Downward(downward.Items, fields, downward.DefaultMode ?? DefaultFileMode));
            case { Projected: { } projected }:
                return VolumeFiles.Write(inMemory, await ProjectAsync(projected, fields, cancellation));
            case { PersistentVolumeClaim: { } claim }:
                return ClaimedVolumes.Path(await configuration.ClaimedVolumeAsync(ns, claim.ClaimName, cancellation));
            default:
                return EmptyDir(onDisk, volume.EmptyDir);
        }
    }

    private static string EmptyDir(string path, EmptyDirVolumeSource? source)
    {
        if (Directory.Exists(path))
        {
            return path;
        }

        Directory.CreateDirectory(path);
        if (source?.Medium == "Memory")
        {
            MountCall.Memory(path, source.SizeLimit is { } limit ? $"mode=0777,size={limit.WholeValue}" : "mode=0777");
        }

        Dataplane.Linux.Mounts.FileMode.Set(path, 0x1FF);
        return path;
    }

    private static List<VolumeFile> Downward(List<DownwardAPIVolumeFile> items, PodFields fields, int mode) =>
        [.. items.Select(item => new VolumeFile(
            item.Path,
            Encoding.UTF8.GetBytes(item.FieldRef is { } field ? fields.Value(field.FieldPath)
                : item.ResourceFieldRef is { } resource ? ResourceFields.Value(resource, fields.Pod, null)
                : ""),
            item.Mode ?? mode))];

    private async Task<List<VolumeFile>> ProjectAsync(ProjectedVolumeSource volume, PodFields fields, CancellationToken cancellation)
    {
        var (ns, mode, files) = (fields.Pod.Metadata.Namespace, volume.DefaultMode ?? DefaultFileMode, new List<VolumeFile>());
        foreach (var source in volume.Sources)
        {
            if (source.ConfigMap is { } map)
            {
                var data = await configuration.ConfigMapAsync(ns, map.Name, map.Optional == true, cancellation);
                files.AddRange(VolumeFiles.Project(data, map.Items, mode, map.Optional == true));
            }

            if (source.Secret is { } secret)
            {
                var data = await configuration.SecretAsync(ns, secret.Name, secret.Optional == true, cancellation);
                files.AddRange(VolumeFiles.Project(data, secret.Items, mode, secret.Optional == true));
            }

            if (source.DownwardAPI is { } downward)
            {
                files.AddRange(Downward(downward.Items, fields, mode));
            }

            if (source.ServiceAccountToken is { } token)
            {
                files.Add(new VolumeFile(token.Path, await tokens.TokenAsync(fields.Pod, token, cancellation), mode));
            }
        }

        return files;
    }
}
