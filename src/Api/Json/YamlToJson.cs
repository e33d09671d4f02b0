using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Dataplane.Api;

/// <summary>JSON from YAML, and what strict decoding has against it.</summary>
/// <param name="Json">The document's first part.</param>
/// <param name="Duplicates">"line N: key "k" already set in map"; of such keys the last one counts.</param>
public sealed record ConvertedYaml(byte[] Json, IReadOnlyList<string> Duplicates)
{
    /// <summary>The duplicates as the one error they are in strict decoding.</summary>
    public IEnumerable<string> StrictErrors =>
        Duplicates.Count == 0 ? [] : ["yaml: unmarshal errors:\n" + string.Join('\n', Duplicates.Select(line => "  " + line))];
}

/// <summary>
/// A YAML body as the JSON it stands for, with the YAML 1.1 scalars Kubernetes' own converter knows. Bounded in depth and in what
/// aliases may repeat: a few hundred bytes must not become gigabytes.
/// </summary>
public sealed class YamlToJson
{
    private const int MaxDepth = 100;
    private const int MaxNodes = 400_000;

    // As deep as the documents are, and a '<' in an annotation stays one byte.
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = MaxDepth + 2 };

    private readonly Parser _parser;
    private readonly Dictionary<AnchorName, JsonNode?> _anchors = [];
    private readonly List<string> _duplicates = [];
    private int _nodes;

    private YamlToJson(string text) => _parser = new Parser(new StringReader(text));

    /// <exception cref="FormatException">Not YAML, or too much of it; "yaml: line N: ...".</exception>
    public static ConvertedYaml Convert(byte[] yaml)
    {
        try
        {
            return new YamlToJson(Encoding.UTF8.GetString(yaml)).Document();
        }
        catch (YamlException failure)
        {
            // As go-yaml: its scanner counts lines from 1 and its parser from 0, and the first line goes without a number.
            var line = failure is SyntaxErrorException ? failure.Start.Line : failure.Start.Line - 1;
            throw new FormatException($"yaml: {(failure.Start.Line > 1 ? $"line {line}: " : "")}{Spelled(failure.Message)}");
        }
        catch (InvalidOperationException)
        {
            // The parser's own surprise at text it has no words for.
            throw new FormatException("yaml: could not be read");
        }
    }

    private ConvertedYaml Document()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _))
        {
            return new ConvertedYaml("{}"u8.ToArray(), []);
        }

        _parser.Consume<DocumentStart>();
        var root = Node(0) ?? new JsonObject();
        return new ConvertedYaml(JsonSerializer.SerializeToUtf8Bytes(root, Plain), _duplicates);
    }

    private JsonNode? Node(int depth)
    {
        if (depth > MaxDepth)
        {
            throw new FormatException("yaml: exceeded max depth of 10000");
        }

        Count(1);
        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            if (!_anchors.TryGetValue(alias.Value, out var known))
            {
                throw new FormatException($"yaml: unknown anchor '{alias.Value}' referenced");
            }

            Count(Size(known));
            return known?.DeepClone();
        }

        if (_parser.TryConsume<Scalar>(out var scalar))
        {
            return Anchored(scalar.Anchor, Value(scalar));
        }

        if (_parser.TryConsume<SequenceStart>(out var sequence))
        {
            var list = new JsonArray();
            while (!_parser.TryConsume<SequenceEnd>(out _))
            {
                list.Add(Node(depth + 1));
            }

            return Anchored(sequence.Anchor, list);
        }

        var mapping = _parser.Consume<MappingStart>();
        return Anchored(mapping.Anchor, Mapping(depth));
    }

    private JsonObject Mapping(int depth)
    {
        var map = new JsonObject();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            if (!_parser.TryConsume<Scalar>(out var key))
            {
                throw new FormatException($"yaml: line {_parser.Current?.Start.Line}: unsupported map key");
            }

            var value = Node(depth + 1);
            if (key is { Value: "<<", Style: ScalarStyle.Plain })
            {
                Merge(map, value);
                continue;
            }

            if (map.ContainsKey(key.Value))
            {
                _duplicates.Add($"line {key.Start.Line}: key \"{key.Value}\" already set in map");
            }

            map[key.Value] = value;
        }

        return map;
    }

    /// <summary>YAML 1.1's merge key: fields of other mappings that this one does not have itself.</summary>
    private static void Merge(JsonObject map, JsonNode? from)
    {
        foreach (var other in from is JsonArray several ? several.OfType<JsonObject>() : from is JsonObject one ? [one] : [])
        {
            foreach (var (name, value) in other)
            {
                map.TryAdd(name, value?.DeepClone());
            }
        }
    }

    private JsonNode? Anchored(AnchorName anchor, JsonNode? node)
    {
        if (!anchor.IsEmpty)
        {
            _anchors[anchor] = node?.DeepClone();
        }

        return node;
    }

    private void Count(int nodes)
    {
        _nodes += nodes;
        if (_nodes > MaxNodes)
        {
            throw new FormatException("yaml: document contains excessive aliasing");
        }
    }

    private static int Size(JsonNode? node) => node switch
    {
        JsonObject obj => 1 + obj.Sum(field => Size(field.Value)),
        JsonArray list => 1 + list.Sum(Size),
        _ => 1,
    };

    private static JsonValue? Value(Scalar scalar)
    {
        var text = scalar.Value;
        if (scalar.Style != ScalarStyle.Plain)
        {
            return JsonValue.Create(text);
        }

        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "on" or "On" or "ON" => JsonValue.Create(true),
            "false" or "False" or "FALSE" or "no" or "No" or "NO" or "off" or "Off" or "OFF" => JsonValue.Create(false),
            _ when text.Length is > 1 and < 20 && text[0] == '0' && text.AsSpan().IndexOfAnyExceptInRange('0', '7') < 0 =>
                JsonValue.Create(System.Convert.ToInt64(text, 8)),
            _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer) => JsonValue.Create(integer),
            _ when text.AsSpan().IndexOfAnyExcept("0123456789+-.eE") < 0
                && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) => JsonValue.Create(real),
            _ => JsonValue.Create(text),
        };
    }

    /// <summary>"While parsing a flow mapping, did not find expected ',' or '}'." without the beginning, as libyaml's other port says it.</summary>
    private static string Spelled(string message)
    {
        var text = message.Trim().TrimEnd('.');
        if (text.StartsWith("While ", StringComparison.Ordinal) && text.IndexOf(", ", StringComparison.Ordinal) is var comma and > 0)
        {
            text = text[(comma + 2)..];
        }

        return text.Length == 0 ? "could not be read" : char.ToLowerInvariant(text[0]) + text[1..];
    }
}
