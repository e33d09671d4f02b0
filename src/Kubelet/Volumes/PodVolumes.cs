using Dataplane.Api;
using Dataplane.Kubelet.Pods;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Linux.Mounts;

namespace Dataplane.Kubelet.Volumes;

/// <summary>Makes a pod's volumes and says where they are on this machine.</summary>
/// <remarks>What comes from Secrets and tokens lies on a memory file system and never on a disk.</remarks>
internal sealed class PodVolumes(PodDirectories directories, ConfigurationSource configuration, TokenSource tokens, TimeProvider time)
{
    private readonly ContentVolumes _content = new(configuration, tokens);

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

    /// <summary>Makes every volume of the pod that is not there yet; one that cannot be made is no reason not to make the others.</summary>
    /// <returns>The volumes by name, and what is wrong with those that are missing, in upstream's words.</returns>
    internal async Task<(IReadOnlyDictionary<string, MountedVolume> Volumes, IReadOnlyList<string> Problems)> MountAsync(
        PodFields fields, CancellationToken cancellation)
    {
        var (volumes, problems) = (new Dictionary<string, MountedVolume>(StringComparer.Ordinal), new List<string>());
        foreach (var volume in fields.Pod.Spec.Volumes)
        {
            try
            {
                volumes[volume.Name] = await MountAsync(volume, fields, cancellation);
            }
            catch (Exception failure) when (IsExpected(failure))
            {
                problems.Add(Problem(volume, failure));
            }
        }

        return (volumes, problems);
    }

    /// <summary>When a token among the pod's volumes is to be replaced; null when there is none.</summary>
    internal DateTimeOffset? RenewAt(string uid) => tokens.RenewAt(uid);

    /// <summary>Brings what the volumes show up to date. Where a source is not there any more, the files stay as they were.</summary>
    /// <returns>What could not be brought up to date, in upstream's words.</returns>
    internal async Task<IReadOnlyList<string>> RefreshAsync(PodFields fields, CancellationToken cancellation)
    {
        var problems = new List<string>();
        foreach (var volume in fields.Pod.Spec.Volumes.Where(ContentVolumes.Has))
        {
            try
            {
                await MountAsync(volume, fields, cancellation);
            }
            catch (Exception failure) when (IsExpected(failure))
            {
                problems.Add(Problem(volume, failure));
            }
        }

        return problems;
    }

    /// <summary>The first emptyDir that holds more than it may, in upstream's words; null when there is none.</summary>
    internal string? Exceeded(Pod pod) => EmptyDirs.Exceeded(pod, volume => directories.Volume(pod.Metadata.UID, volume.Name));

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

    private static bool IsExpected(Exception failure) => failure is ConfigurationException or IOException or UnauthorizedAccessException;

    private static string Problem(Volume volume, Exception failure) => $"MountVolume.SetUp failed for volume \"{volume.Name}\" : {failure.Message}";

    private async Task<MountedVolume> MountAsync(Volume volume, PodFields fields, CancellationToken cancellation)
    {
        var (uid, ns) = (fields.Pod.Metadata.UID, fields.Pod.Metadata.Namespace);
        var path = ContentVolumes.IsSecret(volume) ? directories.MemoryVolume(uid, volume.Name) : directories.Volume(uid, volume.Name);
        if (ContentVolumes.Has(volume))
        {
            AtomicDirectory.Write(path, await _content.FilesAsync(volume, fields, cancellation), time.GetUtcNow(), fields.Pod.Spec.SecurityContext?.FSGroup);
            return new MountedVolume(path, ReadOnly: true);
        }

        switch (volume)
        {
            case { HostPath: { } host }:
                HostPaths.Check(host);
                return new MountedVolume(host.Path, ReadOnly: false);
            case { PersistentVolumeClaim: { } claim }:
                return await MountAsync(await configuration.ClaimedVolumeAsync(ns, claim.ClaimName, cancellation), claim.ReadOnly == true, fields.Pod.Spec.SecurityContext);
            case { EmptyDir: null, Others: { Count: > 0 } others }:
                throw new ConfigurationException($"no volume plugin matched: volumes of kind {others.Keys.First()} are not supported by this node");
            default:
                EmptyDirs.Make(path, volume.EmptyDir ?? new EmptyDirVolumeSource(), fields.Pod.Spec);
                return new MountedVolume(path, ReadOnly: false);
        }
    }

    /// <summary>What a hostPath names is never given to a group; a local volume is, as upstream has it.</summary>
    private static async Task<MountedVolume> MountAsync(PersistentVolume volume, bool isReadOnly, PodSecurityContext? security)
    {
        var path = ClaimedVolumes.Path(volume);
        if (volume.Spec.HostPath is null && !isReadOnly)
        {
            // Off the worker's loop: there may be many files.
            await Task.Run(() => VolumeOwnership.Set(path, security));
        }

        return new MountedVolume(path, isReadOnly);
    }
}
