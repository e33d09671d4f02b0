using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dataplane.Kubelet.Network.Cni;

/// <summary>A network as a CNI configuration file describes it: a list of plugins, each handed the result of the one before.</summary>
/// <param name="Name">The network's.</param>
/// <param name="Version">cniVersion: of the configuration and of what plugins answer.</param>
/// <param name="Plugins">Their configurations as they stand in the file.</param>
internal sealed record CniConfiguration(string Name, Version Version, IReadOnlyList<JsonObject> Plugins)
{
    internal static readonly Version Oldest = new(0, 1, 0);
    internal static readonly Version Newest = new(1, 1, 0);

    /// <summary>Since 0.4.0: CHECK, and a previous result at DEL.</summary>
    internal static readonly Version WithCheck = new(0, 4, 0);

    /// <summary>Since 1.1.0: GC and STATUS.</summary>
    internal static readonly Version WithStatus = new(1, 1, 0);

    // libcni.ConfFiles: what the names of configuration files end in.
    private static readonly string[] Extensions = [".conf", ".conflist", ".json"];

    public bool DisableCheck { get; init; }

    public bool DisableGC { get; init; }

    /// <summary>The first usable file in the order of their names, as every runtime takes it.</summary>
    /// <param name="directory">Such as /etc/cni/net.d.</param>
    /// <param name="problem">Why a file before it was passed over, or why there is none.</param>
    /// <returns>Null when there is none.</returns>
    internal static CniConfiguration? Load(string directory, out string problem)
    {
        problem = $"no networks found in {directory}";
        if (!Directory.Exists(directory))
        {
            return null;
        }

        foreach (var file in Directory.EnumerateFiles(directory).Where(file => Extensions.Contains(Path.GetExtension(file))).Order(StringComparer.Ordinal))
        {
            try
            {
                return Parse(File.ReadAllBytes(file));
            }
            catch (Exception unusable) when (unusable is FormatException or JsonException or IOException)
            {
                problem = $"{file}: {unusable.Message}";
            }
        }

        return null;
    }

    /// <summary>A plugin's configuration as it gets it: with the network's name and version, without what is only the runtime's.</summary>
    internal JsonObject InputOf(JsonObject plugin)
    {
        var input = (JsonObject)plugin.DeepClone();
        input.Remove("capabilities");
        input["name"] = Name;
        input["cniVersion"] = VersionText;
        return input;
    }

    /// <summary>As a list that <see cref="Parse"/> reads.</summary>
    internal JsonObject ToJson() => new()
    {
        ["name"] = Name,
        ["cniVersion"] = VersionText,
        ["disableCheck"] = DisableCheck,
        ["disableGC"] = DisableGC,
        ["plugins"] = new JsonArray([.. Plugins.Select(plugin => plugin.DeepClone())]),
    };

    private string VersionText => Version.ToString(Version.Build < 0 ? 2 : 3);

    /// <summary>A list (<c>plugins</c>), or one plugin's configuration, which stands for a list of it.</summary>
    /// <exception cref="FormatException">It is neither, or says something impossible.</exception>
    internal static CniConfiguration Parse(ReadOnlySpan<byte> text)
    {
        var root = Node(text) as JsonObject ?? throw new FormatException("must be a JSON object");
        var name = Text(root, "name") is { Length: > 0 } known ? known : throw new FormatException("name: must be given");
        var version = VersionOf(root);
        if (root["plugins"] is not { } list)
        {
            Text(root, "type");
            return new CniConfiguration(name, version, [WithType(root)]);
        }

        if (list is not JsonArray { Count: > 0 } plugins)
        {
            throw new FormatException("plugins: must be a list of one plugin or more");
        }

        return new CniConfiguration(name, version, [.. plugins.Select((plugin, at) => plugin is JsonObject one ? WithType(one) : throw new FormatException($"plugins[{at}]: must be an object"))])
        {
            DisableCheck = Flag(root, "disableCheck"),
            DisableGC = Flag(root, "disableGC"),
        };
    }

    private static JsonNode? Node(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip });
        return JsonNode.Parse(ref reader);
    }

    private static Version VersionOf(JsonObject root)
    {
        // 1.1 lets a file name all the versions it is fit for.
        var texts = root["cniVersions"] is JsonArray versions ? versions.Select(one => one?.ToString()).Append(Text(root, "cniVersion")) : [Text(root, "cniVersion")];
        var known = texts.Where(text => !string.IsNullOrEmpty(text))
            .Select(text => Version.TryParse(text, out var version) ? version : throw new FormatException($"cniVersion: \"{text}\" is not a version"))
            .Where(version => version <= Newest).DefaultIfEmpty(null).Max();
        return known ?? (string.IsNullOrEmpty(Text(root, "cniVersion")) ? Oldest : throw new FormatException($"cniVersion: {Text(root, "cniVersion")} is newer than {Newest}"));
    }

    private static JsonObject WithType(JsonObject plugin) => Text(plugin, "type") is { Length: > 0 } type && !type.Contains('/')
        ? plugin
        : throw new FormatException("type: a plugin must be named by it");

    private static string? Text(JsonObject node, string key) => node[key] switch
    {
        null => null,
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => throw new FormatException($"{key}: must be a string"),
    };

    private static bool Flag(JsonObject node, string key) => node[key] switch
    {
        null => false,
        JsonValue value when value.TryGetValue<bool>(out var flag) => flag,
        JsonValue value when value.TryGetValue<string>(out var text) && bool.TryParse(text, out var flag) => flag,
        _ => throw new FormatException($"{key}: must be true or false"),
    };
}
