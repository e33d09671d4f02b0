using System.Text;
using Dataplane.Api;
using Dataplane.Kubelet.Pods;

namespace Dataplane.Kubelet.Volumes;

/// <summary>Volumes that show what the server knows, and change with it: ConfigMaps, Secrets, tokens and the pod's own fields.</summary>
internal sealed class ContentVolumes(ConfigurationSource configuration, TokenSource tokens)
{
    private const int DefaultFileMode = 0x1A4;
    private const int OwnerOnly = 0x180;

    internal static bool Has(Volume volume) => volume is { ConfigMap: not null } or { Secret: not null } or { DownwardAPI: not null } or { Projected: not null };

    /// <summary>Whether what it holds must not come on a disk.</summary>
    internal static bool IsSecret(Volume volume) => volume is { Secret: not null } or { Projected: not null };

    /// <summary>What the volume holds now.</summary>
    /// <exception cref="ConfigurationException">A source is not there.</exception>
    internal async Task<IReadOnlyList<VolumeFile>> FilesAsync(Volume volume, PodFields fields, CancellationToken cancellation) => volume switch
    {
        { ConfigMap: { } map } => await KeysAsync(ConfigurationKind.ConfigMap, map.Name, map.Items, map.DefaultMode, map.Optional, fields, cancellation),
        { Secret: { } secret } => await KeysAsync(ConfigurationKind.Secret, secret.SecretName, secret.Items, secret.DefaultMode, secret.Optional, fields, cancellation),
        { DownwardAPI: { } downward } => Downward(downward.Items, fields, downward.DefaultMode ?? DefaultFileMode),
        { Projected: { } projected } => await ProjectAsync(projected, fields, cancellation),
        _ => [],
    };

    private async Task<IReadOnlyList<VolumeFile>> KeysAsync(
        ConfigurationKind kind, string? name, List<KeyToPath> items, int? mode, bool? optional, PodFields fields, CancellationToken cancellation)
    {
        var content = await configuration.FollowedAsync(new ConfigurationName(kind, fields.Pod.Metadata.Namespace, name ?? ""), optional == true, cancellation);
        return VolumeFiles.Project(kind, content, items, mode ?? DefaultFileMode, optional == true);
    }

    private static List<VolumeFile> Downward(List<DownwardAPIVolumeFile> items, PodFields fields, int mode) =>
        [.. items.Select(item => new VolumeFile(
            item.Path,
            Encoding.UTF8.GetBytes(item.FieldRef is { } field ? fields.Value(field.FieldPath)
                : item.ResourceFieldRef is { } resource ? ResourceFields.Value(resource, fields, null)
                : ""),
            item.Mode ?? mode))];

    private async Task<IReadOnlyList<VolumeFile>> ProjectAsync(ProjectedVolumeSource volume, PodFields fields, CancellationToken cancellation)
    {
        // The later source wins where two have the same path.
        var (mode, files) = (volume.DefaultMode ?? DefaultFileMode, new Dictionary<string, VolumeFile>(StringComparer.Ordinal));
        foreach (var source in volume.Sources)
        {
            var found = source switch
            {
                { ConfigMap: { } map } => await KeysAsync(ConfigurationKind.ConfigMap, map.Name, map.Items, mode, map.Optional, fields, cancellation),
                { Secret: { } secret } => await KeysAsync(ConfigurationKind.Secret, secret.Name, secret.Items, mode, secret.Optional, fields, cancellation),
                { DownwardAPI: { } downward } => Downward(downward.Items, fields, mode),
                { ServiceAccountToken: { } token } => [TokenFile(token, await tokens.TokenAsync(fields.Pod, token, cancellation), mode, fields.Pod.Spec)],
                { Others: { Count: > 0 } others } => throw new ConfigurationException($"projected source {others.Keys.First()} is not supported"),
                _ => [],
            };
            foreach (var file in found)
            {
                files[file.Path] = file;
            }
        }

        return [.. files.Values];
    }

    /// <summary>For the pod's one user, or for its group, if there is such; for everybody otherwise (pkg/volume/projected).</summary>
    private static VolumeFile TokenFile(ServiceAccountTokenProjection token, byte[] content, int mode, PodSpec spec)
    {
        var user = VolumeOwnership.UserOf(spec);
        return new VolumeFile(token.Path, content, user is null && spec.SecurityContext?.FSGroup is null ? mode : OwnerOnly) { User = user };
    }
}
