using System.IO.Compression;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Machinery.Discovery;

/// <summary>One document, built at its first use.</summary>
/// <param name="resources">What it describes; another set makes another document.</param>
/// <param name="hash">Names this very content.</param>
/// <param name="build">Makes the content.</param>
internal sealed class OpenApiDocument(IReadOnlyList<ResourceDescriptor> resources, string hash, Func<JsonObject> build)
{
    private readonly Lazy<byte[]> _compressed = new(() => Compress(ObjectJson.Encode(build())));

    public IReadOnlyList<ResourceDescriptor> Resources { get; } = resources;

    public string Hash { get; } = hash;

    /// <summary>JSON, gzip.</summary>
    public byte[] Compressed => _compressed.Value;

    /// <summary>JSON.</summary>
    public byte[] Json()
    {
        using var gzip = new GZipStream(new MemoryStream(Compressed), CompressionMode.Decompress);
        var json = new MemoryStream();
        gzip.CopyTo(json);
        return json.ToArray();
    }

    private static byte[] Compress(byte[] json)
    {
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(json);
        }

        return compressed.ToArray();
    }
}
