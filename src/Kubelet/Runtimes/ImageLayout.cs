using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>
/// An image as files: an OCI image layout (index.json, blobs/ALGORITHM/HASH) or what <c>docker save</c> writes (manifest.json).
/// Source: https://github.com/opencontainers/image-spec/blob/main/image-layout.md.
/// </summary>
/// <param name="Configuration">The image's configuration.</param>
/// <param name="Id">The configuration's digest: what Docker shows as image ID.</param>
/// <param name="Layers">Archives, the lowest first.</param>
internal sealed record ImageLayout(JsonNode Configuration, string Id, IReadOnlyList<string> Layers)
{
    private const string Index = "index.json";
    private const string Manifest = "manifest.json";

    internal static bool IsLayout(string directory) =>
        (File.Exists(Path.Combine(directory, Index)) && File.Exists(Path.Combine(directory, "oci-layout")))
        || (File.Exists(Path.Combine(directory, Manifest)) && !Directory.Exists(Path.Combine(directory, "bin")));

    /// <exception cref="ImageException">Something is missing or is not what it says.</exception>
    internal static ImageLayout Read(string directory)
    {
        try
        {
            return File.Exists(Path.Combine(directory, Manifest)) ? OfDocker(directory) : OfIndex(directory, ReadJson(directory, Index));
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException or IOException or KeyNotFoundException)
        {
            throw new ImageException($"failed to read image {directory}: {wrong.Message}", wrong);
        }
    }

    private static ImageLayout OfDocker(string directory)
    {
        var image = ReadJson(directory, Manifest).AsArray()[0]!;
        var path = Inside(directory, Text(image["Config"], "Config"));
        var layers = image["Layers"]?.AsArray().Select(layer => Inside(directory, Text(layer, "a layer"))) ?? [];
        return new ImageLayout(ReadJson(directory, path), Digest(path), [.. layers]);
    }

    /// <summary>An index lists manifests, or further indexes, for several platforms.</summary>
    private static ImageLayout OfIndex(string directory, JsonNode node)
    {
        const int deepest = 4;
        for (var depth = 0; node["manifests"]?.AsArray() is { Count: > 0 } choices; depth++)
        {
            var chosen = choices.FirstOrDefault(one => IsOurs(one!["platform"])) ?? choices[0]!;
            node = ReadJson(directory, Blob(directory, chosen));
            if (depth == deepest)
            {
                throw new ImageException($"image {directory} is an index of indexes without end");
            }
        }

        var configuration = Blob(directory, node["config"]);
        return new ImageLayout(ReadJson(directory, configuration), Digest(configuration), [.. node["layers"]?.AsArray().Select(layer => Blob(directory, layer)) ?? []]);
    }

    private static bool IsOurs(JsonNode? platform) =>
        (string?)platform?["os"] == "linux"
        && (string?)platform["architecture"] == (RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "amd64");

    /// <summary>The file that a descriptor names, which must be what its digest says.</summary>
    private static string Blob(string directory, JsonNode? descriptor)
    {
        var digest = Text(descriptor?["digest"], "a digest");
        var path = Inside(directory, Path.Combine("blobs", digest.Replace(':', '/')));
        return !digest.StartsWith("sha256:", StringComparison.Ordinal) || Digest(path) == digest
            ? path
            : throw new ImageException($"{path} has not the content that its digest names");
    }

    private static string Digest(string path)
    {
        using var file = File.OpenRead(path);
        return "sha256:" + Convert.ToHexStringLower(SHA256.HashData(file));
    }

    private static JsonNode ReadJson(string directory, string path) =>
        JsonNode.Parse(File.ReadAllBytes(Path.Combine(directory, path))) ?? throw new ImageException($"{path} of image {directory} is empty");

    private static string Text(JsonNode? node, string what) => (string?)node ?? throw new InvalidOperationException($"{what} is missing");

    private static string Inside(string directory, string path)
    {
        var full = Path.GetFullPath(Path.Combine(directory, path));
        return full.StartsWith(Path.GetFullPath(directory) + "/", StringComparison.Ordinal)
            ? full
            : throw new ImageException($"image {directory} refers to \"{path}\", which is outside of it");
    }
}
