using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Machinery.Discovery;

/// <summary>A document and the ETag of its content.</summary>
internal sealed record DiscoveryDocument(byte[] Json, string Tag);

/// <summary>The discovery documents of the present catalog, encoded once: every kubectl begins with them.</summary>
internal sealed class DiscoveryCache(ResourceCatalog catalog)
{
    private volatile Documents _current = new(-1);

    /// <returns>Null when there is no such document.</returns>
    public DiscoveryDocument? Get(string name, Func<JsonObject?> build)
    {
        var number = catalog.Current.Number;
        var documents = _current;
        if (documents.Number != number)
        {
            _current = documents = new Documents(number);
        }

        return documents.ByName.TryGetValue(name, out var known) ? known : build() is { } made ? documents.ByName[name] = Encode(made) : null;
    }

    private static DiscoveryDocument Encode(JsonObject document)
    {
        var json = ObjectJson.Encode(document);
        return new DiscoveryDocument(json, $"\"{Convert.ToHexString(SHA512.HashData(json))}\"");
    }

    private sealed record Documents(int Number)
    {
        public ConcurrentDictionary<string, DiscoveryDocument> ByName { get; } = new(StringComparer.Ordinal);
    }
}
