using Dataplane.Api;
using Dataplane.Kubelet.Pods;

namespace Dataplane.Kubelet.Volumes;

/// <summary>A file of a configMap, secret, downwardAPI or projected volume.</summary>
/// <param name="Path">Relative to the volume.</param>
/// <param name="Mode">Permission bits.</param>
internal sealed record VolumeFile(string Path, byte[] Content, int Mode)
{
    /// <summary>Whose it is; null for root's.</summary>
    public long? User { get; init; }
}

/// <summary>Keys of a ConfigMap or Secret as files.</summary>
internal static class VolumeFiles
{
    /// <summary>All keys under their own names, or the chosen ones under theirs.</summary>
    /// <exception cref="ConfigurationException">A chosen key is not there; the words are upstream's.</exception>
    internal static IReadOnlyList<VolumeFile> Project(
        ConfigurationKind kind, IReadOnlyDictionary<string, byte[]>? content, List<KeyToPath> items, int mode, bool optional)
    {
        if (content is null)
        {
            return [];
        }

        if (items.Count == 0)
        {
            return [.. content.Select(pair => new VolumeFile(pair.Key, pair.Value, mode))];
        }

        var files = new List<VolumeFile>();
        foreach (var item in items)
        {
            if (content.TryGetValue(item.Key, out var value))
            {
                files.Add(new VolumeFile(item.Path, value, item.Mode ?? mode));
            }
            else if (!optional)
            {
                throw new ConfigurationException(kind == ConfigurationKind.Secret
                    ? $"references non-existent secret key: {item.Key}"
                    : $"configmap references non-existent config key: {item.Key}");
            }
        }

        return files;
    }
}
