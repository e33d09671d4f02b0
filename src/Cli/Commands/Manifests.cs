using Dataplane.Api;
using Dataplane.Api.Client;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Dataplane.Cli.Commands;

/// <summary>One document of a manifest file.</summary>
/// <param name="Origin">File and number of the document in it, for messages.</param>
/// <param name="Resource">What it is.</param>
/// <param name="Namespace">Where it goes; empty for a cluster-scoped kind.</param>
/// <param name="Yaml">Its text as it stands in the file.</param>
internal sealed record Manifest(string Origin, ResourceType Resource, string Namespace, string Yaml);

/// <summary>What <c>up -f</c> creates. The server decodes the documents; here only what names the resource is read.</summary>
internal static class Manifests
{
    /// <exception cref="UserErrorException">A file is absent, is no YAML, or holds a kind that is not served; the message names the document.</exception>
    internal static IReadOnlyList<Manifest> Read(IEnumerable<string> paths) => [.. paths.SelectMany(Files).SelectMany(Documents)];

    internal static async Task CreateAsync(KubernetesClient client, IReadOnlyList<Manifest> manifests, CancellationToken cancellation)
    {
        foreach (var manifest in manifests)
        {
            try
            {
                await client.CreateYamlAsync(manifest.Resource, manifest.Namespace, manifest.Yaml, cancellation);
            }
            catch (ApiException refusal)
            {
                throw new UserErrorException($"{manifest.Origin}: {refusal.Message}");
            }
        }
    }

    private static IEnumerable<string> Files(string path) =>
        Directory.Exists(path)
            ? Directory.EnumerateFiles(path).Where(file => Path.GetExtension(file) is ".yaml" or ".yml" or ".json").Order(StringComparer.Ordinal)
            : File.Exists(path) ? [path] : throw new UserErrorException($"{path}: no such file");

    private static IEnumerable<Manifest> Documents(string file)
    {
        var texts = File.ReadAllText(file).ReplaceLineEndings("\n").Split("\n---", StringSplitOptions.RemoveEmptyEntries);
        for (var at = 0; at < texts.Length; at++)
        {
            // "---\n" may open the file; a directive line after the marker belongs to the marker.
            var text = texts[at].StartsWith("---", StringComparison.Ordinal) ? texts[at][3..] : texts[at];
            if (Identify($"{file}, document {at + 1}", text) is { } manifest)
            {
                yield return manifest;
            }
        }
    }

    private static Manifest? Identify(string origin, string text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException malformed)
        {
            throw new UserErrorException($"{origin}: line {malformed.Start.Line}: {malformed.Message}");
        }

        if (stream.Documents.Count == 0 || stream.Documents[0].RootNode is not YamlMappingNode root)
        {
            return null;
        }

        var (apiVersion, kind) = (Text(root, "apiVersion"), Text(root, "kind"));
        var resource = ServedKinds.Find(apiVersion, kind)
            ?? throw new UserErrorException($"{origin}: apiVersion \"{apiVersion}\", kind \"{kind}\": not served");
        var ns = root.Children.TryGetValue("metadata", out var metadata) && metadata is YamlMappingNode fields ? Text(fields, "namespace") : "";
        return new Manifest(origin, resource, !resource.Namespaced ? "" : ns.Length == 0 ? "default" : ns, text);
    }

    private static string Text(YamlMappingNode node, string name) =>
        node.Children.TryGetValue(name, out var value) && value is YamlScalarNode { Value: { } text } ? text : "";
}
