using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>Objects as YAML, for those who ask for it.</summary>
internal static class YamlText
{
    public static string Of(JsonNode json)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        new YamlStream(new YamlDocument(Node(json))).Save(text, assignAnchors: false);
        return text.ToString().Replace("\r\n", "\n", StringComparison.Ordinal).Replace("...\n", "", StringComparison.Ordinal);
    }

    private static YamlNode Node(JsonNode? node) => node switch
    {
        JsonObject obj => new YamlMappingNode(obj.Select(field => KeyValuePair.Create<YamlNode, YamlNode>(Text(field.Key), Node(field.Value)))),
        JsonArray list => new YamlSequenceNode(list.Select(Node)),
        null => new YamlScalarNode("null"),
        _ when node.GetValueKind() == JsonValueKind.String => Text(node.GetValue<string>()),
        _ => new YamlScalarNode(node.ToJsonString()),
    };

    // Whatever could be read as something else than a string is quoted.
    private static YamlScalarNode Text(string text)
    {
        var plain = text.Length > 0 && (char.IsAsciiLetter(text[0]) || text[0] == '/')
            && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' or '/')
            && text.ToLowerInvariant() is not ("true" or "false" or "null" or "yes" or "no" or "on" or "off" or "y" or "n");
        return new YamlScalarNode(text) { Style = plain ? ScalarStyle.Plain : ScalarStyle.DoubleQuoted };
    }
}
