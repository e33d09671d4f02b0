using Dataplane.Api;
using Dataplane.Kubelet.Pods;
using Dataplane.Linux.Mounts;

namespace Dataplane.Kubelet.Volumes;

/// <summary>The types of hostPath volumes.</summary>
internal static class HostPaths
{
    /// <summary>Checks that the path is what the type says, or makes it. Without a type a missing path becomes a directory, as container engines make it.</summary>
    /// <exception cref="ConfigurationException">The path is not of the type; the words are upstream's.</exception>
    internal static void Check(HostPathVolumeSource source)
    {
        var path = source.Path;
        var kind = FileStatus.KindOf(path);
        switch (source.Type)
        {
            case null or "" or "DirectoryOrCreate" when kind == FileKind.Absent:
                Directory.CreateDirectory(path);
                break;
            case "FileOrCreate" when kind == FileKind.Absent:
                File.WriteAllBytes(path, []);
                break;
            case null or "":
                break;
            case "Directory" or "DirectoryOrCreate":
                Require(FileKind.Directory, "directory");
                break;
            case "File" or "FileOrCreate":
                Require(FileKind.Regular, "file");
                break;
            case "Socket":
                Require(FileKind.Socket, "socket file");
                break;
            case "CharDevice":
                Require(FileKind.CharacterDevice, "character device");
                break;
            case "BlockDevice":
                Require(FileKind.BlockDevice, "block device");
                break;
            default:
                throw new ConfigurationException($"{source.Type} is an invalid volume type");
        }

        void Require(FileKind wanted, string words)
        {
            if (kind != wanted)
            {
                throw new ConfigurationException($"hostPath type check failed: {path} is not a {words}");
            }
        }
    }
}
