namespace Dataplane.Kubelet.Runtimes;

/// <summary>
/// Image names of the process runtime. There is no registry: a name stands for the machine's own root file system, a
/// directory, an OCI image layout, or an archive: of an OCI layout, of <c>docker save</c>, or of a file system.
/// </summary>
internal sealed class ImageTable
{
    internal const string Host = "host";

    // Names people try first; the commands are those of the images of the same name on Docker Hub.
    private static readonly Dictionary<string, FileImagePlan> BuiltIn = new(StringComparer.Ordinal)
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
    private readonly ImageStore _store;

    /// <param name="named">Names and what they stand for: <c>host</c>, a directory or a tar archive.</param>
    /// <param name="directory">Where archives are unpacked.</param>
    internal ImageTable(IReadOnlyDictionary<string, string> named, string directory)
    {
        _named = named.ToDictionary(pair => ShortName(pair.Key), pair => pair.Value, StringComparer.Ordinal);
        _store = new ImageStore(directory);
    }

    /// <returns>Null when it is not in the table.</returns>
    /// <exception cref="ImageException">Its file is not there or cannot be used.</exception>
    internal FileImagePlan? Find(string image)
    {
        var name = ShortName(image);
        var builtIn = BuiltIn.GetValueOrDefault(name);
        if (!_named.TryGetValue(name, out var path) || path == Host)
        {
            return builtIn is null && path is null
                ? null
                : (builtIn ?? OfHost()) with { Name = image };
        }

        return Directory.Exists(path) && !ImageLayout.IsLayout(path) ? Plan(path)
            : Path.Exists(path) ? _store.Unpack(path, builtIn is null ? new FileImagePlan { Name = image, Id = path, Layers = [] } : builtIn with { Name = image, Id = path })
            : throw new ImageException($"failed to resolve image \"{image}\": neither a directory nor an archive: {path}");

        FileImagePlan Plan(string content) => (builtIn ?? new FileImagePlan { Name = image, Id = "", Layers = [] }) with
        {
            Name = image,
            Id = Path.GetFullPath(content),
            Layers = [Path.GetFullPath(content)],
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

    private static FileImagePlan OfHost(params string[] command) => new() { Name = Host, Id = Host, Layers = ["/"], IsHost = true, Command = command };

    /// <summary>Without a terminal their shell would end at once; it stays, and goes when it is asked to.</summary>
    private static FileImagePlan Shell() => OfHost("/bin/sh", "-c", "trap 'exit 0' TERM INT; sleep infinity & wait");
}
