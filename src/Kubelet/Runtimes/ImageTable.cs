using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>
/// Image names of the process runtime. There is no registry: a name stands for the machine's own root file system, a
/// directory or a tar archive.
/// </summary>
internal sealed class ImageTable
{
    internal const string Host = "host";

    // Names people try first; the commands are those of the images of the same name on Docker Hub.
    private static readonly Dictionary<string, ContainerImagePlan> BuiltIn = new(StringComparer.Ordinal)
    {
        [Host] = OfHost(),
        ["nginx"] = OfHost("nginx", "-g", "daemon off;"),
        ["redis"] = OfHost("redis-server", "--protected-mode", "no") with { WorkingDirectory = "/data" },
        ["busybox"] = Shell(),
        ["centos"] = Shell(),
        ["debian"] = Shell(),
        ["ubuntu"] = Shell(),
        ["alpine"] = Shell(),
    };

    private readonly Dictionary<string, string> _named;
    private readonly string _directory;
    private readonly Lock _gate = new();

    /// <param name="named">Names and what they stand for: <c>host</c>, a directory or a tar archive.</param>
    /// <param name="directory">Where archives are unpacked.</param>
    internal ImageTable(IReadOnlyDictionary<string, string> named, string directory)
    {
        _named = named.ToDictionary(pair => ShortName(pair.Key), pair => pair.Value, StringComparer.Ordinal);
        _directory = directory;
    }

    /// <exception cref="ImageException">Not in the table, or its file is not there.</exception>
    internal ContainerImagePlan Resolve(string image)
    {
        var name = ShortName(image);
        var builtIn = BuiltIn.GetValueOrDefault(name);
        if (!_named.TryGetValue(name, out var path) || path == Host)
        {
            return builtIn is null && path is null
                ? throw new ImageException($"failed to resolve image \"{image}\": it is not in the node's image table")
                : (builtIn ?? OfHost()) with { Name = image };
        }

        return Directory.Exists(path) ? Plan(path)
            : File.Exists(path) ? Plan(Unpacked(path))
            : throw new ImageException($"failed to resolve image \"{image}\": neither a directory nor an archive: {path}");

        ContainerImagePlan Plan(string content) => (builtIn ?? new ContainerImagePlan { Name = image, Directory = content }) with
        {
            Name = image,
            Directory = Path.GetFullPath(content),
            IsHost = false,
        };
    }

    /// <summary><c>docker.io/library/nginx:1.25@sha256:...</c> is <c>nginx</c>.</summary>
    internal static string ShortName(string image)
    {
        var name = image.Split('@')[0];
        name = name[(name.LastIndexOf('/') + 1)..];
        return name.Split(':')[0];
    }

    private static ContainerImagePlan OfHost(params string[] command) => new() { Name = Host, Directory = "/", IsHost = true, Command = command };

    /// <summary>Without a terminal their shell would end at once; it stays, and goes when it is asked to.</summary>
    private static ContainerImagePlan Shell() => OfHost("/bin/sh", "-c", "trap 'exit 0' TERM INT; sleep infinity & wait");

    private string Unpacked(string archive)
    {
        var file = new FileInfo(archive);
        var version = $"{file.FullName}\n{file.Length}\n{file.LastWriteTimeUtc.Ticks}";
        var target = Path.Combine(_directory, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(version)))[..16]);
        lock (_gate)
        {
            if (!Directory.Exists(target))
            {
                Unpack(archive, target);
            }
        }

        return target;
    }

    private static void Unpack(string archive, string target)
    {
        // Under another name until it is whole: a killed agent must not take half an image for one.
        var partial = target + ".partial";
        if (Directory.Exists(partial))
        {
            Directory.Delete(partial, recursive: true);
        }

        Directory.CreateDirectory(partial);
        try
        {
            using var file = File.OpenRead(archive);
            Span<byte> magic = stackalloc byte[2];
            file.ReadExactly(magic);
            file.Position = 0;
            var compressed = magic is [0x1f, 0x8b];
            using var content = compressed ? new GZipStream(file, CompressionMode.Decompress) : (Stream)file;
            TarFile.ExtractToDirectory(content, partial, overwriteFiles: true);
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new ImageException($"failed to unpack image archive {archive}: {failure.Message}");
        }

        Directory.Move(partial, target);
    }
}
