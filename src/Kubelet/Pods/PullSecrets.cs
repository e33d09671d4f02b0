using System.IO.Enumeration;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Kubelet.Runtimes;

namespace Dataplane.Kubelet.Pods;

/// <summary>
/// Names and passwords by registry, as Docker's client keeps them in its configuration and Secrets carry them: under
/// <c>.dockerconfigjson</c> in <c>auths</c>, under <c>.dockercfg</c> as they are. What matches which image is as upstream's keyring
/// decides (pkg/credentialprovider).
/// </summary>
internal sealed class PullSecrets
{
    private const string DefaultRegistry = "index.docker.io";

    private readonly List<(string Registry, RegistryCredential Credential)> _known = [];

    /// <summary>Takes what a Secret has; one of another type has nothing.</summary>
    /// <exception cref="FormatException">It is not what its key says.</exception>
    internal void Add(IReadOnlyDictionary<string, byte[]> secret)
    {
        try
        {
            if (secret.TryGetValue(".dockerconfigjson", out var configuration))
            {
                Add(JsonNode.Parse(configuration)?["auths"]?.AsObject());
            }
            else if (secret.TryGetValue(".dockercfg", out var registries))
            {
                Add(JsonNode.Parse(registries)?.AsObject());
            }
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw new FormatException(failure.Message, failure);
        }
    }

    /// <summary>All that may do for an image, the most particular first.</summary>
    internal IReadOnlyList<RegistryCredential> For(string image)
    {
        var matching = _known.Where(one => Matches(one.Registry, image)).OrderByDescending(one => one.Registry, StringComparer.Ordinal).ToArray();
        return [.. (matching.Length == 0 && IsOfDefaultRegistry(image) ? _known.Where(one => one.Registry == DefaultRegistry) : matching).Select(one => one.Credential)];
    }

    private void Add(JsonObject? registries)
    {
        foreach (var (registry, entry) in registries ?? [])
        {
            var (username, password) = ((string?)entry?["username"], (string?)entry?["password"]);
            if ((string?)entry?["auth"] is { Length: > 0 } both)
            {
                var text = Encoding.UTF8.GetString(Convert.FromBase64String(both)).Split(':', 2);
                (username, password) = text is [var first, var second] ? (first, second) : throw new FormatException($"auth of \"{registry}\" is not user:password");
            }

            _known.Add((Normal(registry), new RegistryCredential(username ?? "", password ?? "")));
        }
    }

    /// <summary>Host and path, without a scheme and the API's version.</summary>
    private static string Normal(string registry)
    {
        var scheme = registry.IndexOf("://", StringComparison.Ordinal);
        var (host, path) = Split(scheme < 0 ? registry : registry[(scheme + 3)..]);
        path = path.StartsWith("/v1/", StringComparison.Ordinal) || path.StartsWith("/v2/", StringComparison.Ordinal) ? path[3..] : path;
        return path.Length > 1 ? host + path : host;
    }

    /// <summary>The host's names one by one, * for any part of one; the same port; and a path that the image's begins with.</summary>
    private static bool Matches(string registry, string image)
    {
        var ((host, path), (imageHost, imagePath)) = (Split(registry), Split(image));
        var (names, port) = Names(host);
        var (imageNames, imagePort) = Names(imageHost);
        return port == imagePort && names.Length == imageNames.Length && imagePath.StartsWith(path, StringComparison.Ordinal)
            && names.Zip(imageNames).All(pair => FileSystemName.MatchesSimpleExpression(pair.First, pair.Second, ignoreCase: false));
    }

    /// <summary>Without a dot or a colon the first part is no host.</summary>
    private static bool IsOfDefaultRegistry(string image)
    {
        var parts = image.Split('/', 2);
        return parts[0].Length > 0 && (parts.Length == 1 || parts[0] is "docker.io" or DefaultRegistry || parts[0].IndexOfAny(['.', ':']) < 0);
    }

    private static (string Host, string Path) Split(string text) => text.IndexOf('/') is >= 0 and var slash ? (text[..slash], text[slash..]) : (text, "");

    private static (string[] Names, string Port) Names(string host)
    {
        var parts = host.Split(':', 2);
        return (parts[0].Split('.'), parts.Length > 1 ? parts[1] : "");
    }
}
