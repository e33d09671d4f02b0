using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Dataplane.Proxy.ServiceModel;

/// <summary>One string for each node's name: every endpoint comes with one of its own, and there are many endpoints and few nodes.</summary>
internal static class NodeNames
{
    // A cluster has at most 5,000 nodes (kubernetes.io, large clusters); names of nodes long gone need not be kept for ever.
    private const int Most = 20_000;

    private static readonly ConcurrentDictionary<string, string> Known = new(StringComparer.Ordinal);

    [return: NotNullIfNotNull(nameof(name))]
    internal static string? Shared(string? name)
    {
        if (name is null)
        {
            return null;
        }

        if (Known.Count > Most)
        {
            Known.Clear();
        }

        return Known.GetOrAdd(name, name);
    }
}
