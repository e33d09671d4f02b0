using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>A YAML body as the JSON it stands for, with the YAML 1.1 scalars Kubernetes' own converter knows.</summary>
internal static class YamlToJson
{
    private const int MaxDepth = 100;

    /// <exception cref="StatusException">400: not YAML.</exception>
    public static byte[] Convert(byte[] yaml)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(Encoding.UTF8.GetString(yaml)));
            return stream.Documents.Count == 0 ? "{}"u8.ToArray() : ObjectJson.Encode(ToNode(stream.Documents[0].RootNode, 0) ?? new JsonObject());
        }
        catch (YamlException failure)
        {
            throw StatusException.BadRequest($"error converting YAML to JSON: yaml: line {failure.Start.Line}: {failure.Message}");
        }
    }

    private static JsonNode? ToNode(YamlNode node, int depth)
    {
        if (depth > MaxDepth)
        {
            throw StatusException.BadRequest("error converting YAML to JSON: nested too deeply");
        }

        switch (node)
        {
            case YamlMappingNode mapping:
                var obj = new JsonObject();
                foreach (var (key, value) in mapping.Children)
                {
                    obj[((YamlScalarNode)key).Value ?? ""] = ToNode(value, depth + 1);
                }

                return obj;
            case YamlSequenceNode sequence:
                return new JsonArray([.. sequence.Children.Select(child => ToNode(child, depth + 1))]);
            default:
                return Scalar((YamlScalarNode)node);
        }
    }

    private static JsonValue? Scalar(YamlScalarNode scalar)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style != ScalarStyle.Plain)
        {
            return JsonValue.Create(text);
        }

        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" or "yes" or "Yes" or "on" or "On" => JsonValue.Create(true),
            "false" or "False" or "FALSE" or "no" or "No" or "off" or "Off" => JsonValue.Create(false),
            _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer) => JsonValue.Create(integer),
            _ when text.AsSpan().IndexOfAnyExcept("0123456789+-.eE") < 0
                && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) => JsonValue.Create(real),
            _ => JsonValue.Create(text),
        };
    }
}
