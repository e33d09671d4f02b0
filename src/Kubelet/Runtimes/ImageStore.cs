using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>Unpacks images, each into a directory of its own: all layers in one, as no other image shares them here.</summary>
/// <param name="directory">Where they are kept.</param>
internal sealed class ImageStore(string directory)
{
    private readonly Lock _gate = new();

    /// <param name="source">An archive, or the directory of an image layout.</param>
    /// <param name="defaults">What counts when the image says nothing.</param>
    /// <exception cref="ImageException">It cannot be unpacked.</exception>
    internal FileImagePlan Unpack(string source, FileImagePlan defaults)
    {
        var target = Path.Combine(directory, NameOf(source));
        lock (_gate)
        {
            if (!Directory.Exists(target))
            {
                UnpackTo(source, target);
            }
        }

        return Plan(target, defaults with { IsHost = false, Layers = [Path.Combine(target, "root")] });
    }

    /// <summary>Another name when the content may be another one.</summary>
    private static string NameOf(string source)
    {
        var index = Directory.Exists(source) ? Path.Combine(source, File.Exists(Path.Combine(source, "index.json")) ? "index.json" : "manifest.json") : source;
        var file = new FileInfo(index);
        var version = $"{file.FullName}\n{file.Length}\n{file.LastWriteTimeUtc.Ticks}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(version)))[..16];
    }

    private static void UnpackTo(string source, string target)
    {
        // Under another name until it is whole: a killed agent must not take half an image for one.
        var partial = target + ".partial";
        if (Directory.Exists(partial))
        {
            Directory.Delete(partial, recursive: true);
        }

        var root = Directory.CreateDirectory(Path.Combine(partial, "root")).FullName;
        try
        {
            var archive = Path.Combine(partial, "archive");
            var layout = Directory.Exists(source) ? source : archive;
            if (!Directory.Exists(source))
            {
                using var first = ImageLayer.Open(source);
                if (ImageLayer.IsImage(first))
                {
                    using var content = ImageLayer.Open(source);
                    Directory.CreateDirectory(archive);
                    TarFile.ExtractToDirectory(content, archive, overwriteFiles: true);
                }
            }

            if (Directory.Exists(layout))
            {
                var image = ImageLayout.Read(layout);
                image.Layers.ToList().ForEach(layer => ImageLayer.Unpack(layer, root));
                File.WriteAllText(Path.Combine(partial, "config.json"), image.Configuration.ToJsonString());
                File.WriteAllText(Path.Combine(partial, "id"), image.Id);
            }
            else
            {
                ImageLayer.Unpack(source, root);
            }

            if (Directory.Exists(archive))
            {
                Directory.Delete(archive, recursive: true);
            }
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException or UnauthorizedAccessException or FormatException)
        {
            throw new ImageException($"failed to unpack image archive {source}: {failure.Message}", failure);
        }

        Directory.Move(partial, target);
    }

    private static FileImagePlan Plan(string target, FileImagePlan defaults)
    {
        var path = Path.Combine(target, "config.json");
        if (!File.Exists(path))
        {
            return defaults;
        }

        var configuration = JsonNode.Parse(File.ReadAllBytes(path))?["config"];
        return defaults with
        {
            Id = File.ReadAllText(Path.Combine(target, "id")),
            User = (string?)configuration?["User"] ?? "",
            Entrypoint = Texts("Entrypoint"),
            Command = Texts("Cmd"),
            Environment = Texts("Env"),
            WorkingDirectory = (string?)configuration?["WorkingDir"] is { Length: > 0 } working ? working : "/",
        };

        string[] Texts(string name) => configuration?[name] is JsonArray texts ? [.. texts.Select(text => (string)text!)] : [];
    }
}
