using Dataplane.Api;
using Dataplane.Kubelet.Pods;

namespace Dataplane.Kubelet.Volumes;

/// <summary>Where the volumes behind claims are on this machine: its own directories, by hostPath or local volumes.</summary>
internal static class ClaimedVolumes
{
    /// <exception cref="ConfigurationException">A volume of another kind, or a directory that is not there.</exception>
    internal static string Path(PersistentVolume volume)
    {
        switch (volume.Spec)
        {
            case { HostPath: { } host }:
                HostPaths.Check(host);
                return host.Path;
            case { Local: { } local } when Directory.Exists(local.Path):
                return local.Path;
            case { Local: { } local }:
                throw new ConfigurationException($"path \"{local.Path}\" does not exist");
            default:
                throw new ConfigurationException($"no volume plugin matched: volume {volume.Metadata.Name} is neither a hostPath nor a local volume");
        }
    }
}
