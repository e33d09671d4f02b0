using Dataplane.Api;
using Dataplane.Kubelet.Pods;

namespace Dataplane.Kubelet.Volumes;

/// <summary>The types of hostPath volumes.</summary>
internal static class HostPaths
{
    /// <summary>Checks that the path is what the type says, or makes it. Without a type a missing path becomes a directory, as container engines make it.</summary>
    /// <exception cref="ConfigurationException">The path is not of the type; the words are upstream's.</exception>
    internal static void Check(HostPathVolumeSource source)
    {
        var path = source.Path;
        var (directory, file) = (Directory.Exists(path), File.Exists(path));
        switch (source.Type)
        {
            case null or "" or "DirectoryOrCreate" when !directory && !file:
                Directory.CreateDirectory(path);
                break;
            case "FileOrCreate" when !directory && !file:
                File.WriteAllBytes(path, []);
                break;
            case "Directory" or "DirectoryOrCreate" when !directory:
                throw Wrong("directory");
            case "File" or "FileOrCreate" when !file:
                throw Wrong("file");
            case "Socket" or "CharDevice" or "BlockDevice" when !file:
                throw Wrong(source.Type);
        }

        ConfigurationException Wrong(string kind) => new($"hostPath type check failed: {path} is not a {kind}");
    }
}
