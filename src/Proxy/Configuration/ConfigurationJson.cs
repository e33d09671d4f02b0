using System.Globalization;
using System.Text.Json.Nodes;
using Dataplane.Api;

namespace Dataplane.Proxy.Configuration;

/// <summary>The settings as /configz shows them. Source: k8s.io/component-base/configz.</summary>
internal static class ConfigurationJson
{
    private const string Group = "kubeproxy.config.k8s.io";

    internal static string Write(ProxyConfiguration configuration)
    {
        var root = new JsonObject();
        foreach (var field in ConfigFields.All)
        {
            var target = root;
            var name = field.Path;
            if (field.Path.Split('.') is [var group, var inner])
            {
                target = root[group] as JsonObject ?? new JsonObject();
                root[group] ??= target;
                name = inner;
            }

            target[name] = Value(field, configuration);
        }

        return new JsonObject { [Group] = root }.ToJsonString();
    }

    private static JsonNode Value(ConfigField field, ProxyConfiguration configuration) => field.Kind switch
    {
        ConfigKind.Flag => configuration.Flag(field.Path),
        ConfigKind.Number => configuration.Number(field.Path),
        ConfigKind.Fraction => double.Parse(configuration.Text(field.Path), CultureInfo.InvariantCulture),
        ConfigKind.Duration => GoDuration.Format(configuration.Duration(field.Path)),
        ConfigKind.List => new JsonArray([.. configuration.List(field.Path).Select(item => JsonValue.Create(item))]),
        ConfigKind.Map => new JsonObject(configuration.List(field.Path).Select(item => item.Split('=', 2)).Select(pair =>
            KeyValuePair.Create(pair[0], (JsonNode?)JsonValue.Create(pair[^1])))),
        _ => configuration.Text(field.Path),
    };
}
