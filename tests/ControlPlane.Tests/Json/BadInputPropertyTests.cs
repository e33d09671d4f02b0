using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Http;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Patching;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Machinery.Schema;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.ControlPlane.Tests.Json;

/// <summary>Whatever a client sends is either read or refused in the one way there is for that; nothing else comes out.</summary>
public sealed class BadInputPropertyTests
{
    private static readonly Config Much = Config.QuickThrowOnFailure.WithMaxTest(2000);

    // Pieces that come near to documents: random characters would hardly ever get past the first.
    private static readonly Gen<string> NearlyJson = Text(
        "{", "}", "[", "]", ":", ",", "\"a\"", "\"", "\\", "\\u00", "\\ud800", "\\n", "true", "nul", "null", "-", "0", "12", ".5", "e", "E+3", " ", "\u0001", "'", "é");

    private static readonly Gen<string> NearlyYaml = Text(
        "a", ": ", "\n", "\n  ", "- ", "{", "}", "[", "]", ", ", "&x ", "*x", "*y", "<<: ", "? ", "!!int ", "|", ">-", "\"", "'", "#", "\t", "---", "...", "0x", "1", "~", "%", "@");

    [Fact]
    public void The_words_for_broken_json_are_there_when_and_only_when_it_is_broken() => Check.One(
        Much, Prop.ForAll(NearlyJson.ToArbitrary(), text => (GoJsonSyntax.Error(Encoding.UTF8.GetBytes(text)) is null) == IsJson(text)));

    [Fact]
    public void Json_that_was_cleaned_can_be_read_to_its_last_string() => Check.One(
        Much, Prop.ForAll(NearlyJson.ToArbitrary(), ArbMap.Default.GeneratorFor<byte[]>().ToArbitrary(), (text, bytes) =>
        {
            var clean = JsonBytes.Clean([.. Encoding.UTF8.GetBytes(text), .. bytes]);
            try
            {
                var reader = new Utf8JsonReader(clean);
                while (reader.Read())
                {
                    _ = reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName ? reader.GetString() : null;
                }
            }
            catch (JsonException)
            {
                // Broken, and said to be so.
            }
        }));

    [Fact]
    public void Yaml_is_converted_or_refused() => Check.One(
        Much, Prop.ForAll(NearlyYaml.ToArbitrary(), text => Refusing<FormatException>(() => YamlToJson.Convert(Encoding.UTF8.GetBytes(text)))));

    [Fact]
    public void A_continue_token_is_read_or_refused() => Check.One(
        Much, Prop.ForAll(NearlyJson.ToArbitrary(), text =>
        {
            Refusing<StatusException>(() => ContinueToken.Decode(text));
            Refusing<StatusException>(() => ContinueToken.Decode(Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).TrimEnd('=')));
        }));

    [Fact]
    public void A_json_patch_applies_or_is_refused() => Check.One(
        Much, Prop.ForAll(Documents().ToArbitrary(), Operations().ToArbitrary(), (target, patch) =>
            Refusing<PatchException>(() => JsonPatch.Read(patch).Apply((JsonObject)target.DeepClone()))));

    [Fact]
    public void A_strategic_merge_patch_applies_or_is_refused() => Check.One(
        Much, Prop.ForAll(Documents().ToArbitrary(), Documents().ToArbitrary(), (target, patch) =>
            Refusing<PatchException>(() => StrategicMergePatch.Apply((JsonObject)target.DeepClone(), patch, SchemaTable.Kubernetes.Type("core.Pod")))));

    private static void Refusing<T>(Action read)
        where T : Exception
    {
        try
        {
            read();
        }
        catch (T)
        {
            // The way a client is told.
        }
    }

    private static bool IsJson(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(text), new JsonDocumentOptions { MaxDepth = 10_000 });
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static Gen<string> Text(params string[] pieces) => Gen.Elements(pieces).ArrayOf().Select(string.Concat);

    private static Gen<JsonObject> Documents() => Gen.Sized(size => Object(Math.Min(size, 4)));

    private static Gen<JsonObject> Object(int depth) =>
        from names in Gen.SubListOf<string>(
            ["spec", "containers", "name", "ports", "containerPort", "finalizers", "$patch", "$retainKeys", "$setElementOrder/containers", "$deleteFromPrimitiveList/finalizers"])
        from values in Value(depth).ArrayOf(names.Count)
        select new JsonObject(names.Zip(values, (name, value) => KeyValuePair.Create<string, JsonNode?>(name, value)));

    private static Gen<JsonNode?> Value(int depth)
    {
        var scalar = Gen.Elements<Func<JsonNode?>>(() => "x", () => "delete", () => "replace", () => "merge", () => 1L, () => true, () => null).Select(make => make());
        return depth == 0 ? scalar : Gen.OneOf(
            scalar,
            Object(depth - 1).Select(obj => (JsonNode?)obj),
            Value(depth - 1).ArrayOf(2).Select(items => (JsonNode?)new JsonArray(items)));
    }

    private static Gen<JsonNode?> Operations()
    {
        var operation =
            from op in Gen.Elements("add", "remove", "replace", "move", "copy", "test", "other")
            from path in Text("/spec", "/containers", "/0", "/-", "/~0", "/~2", "/", "name")
            from source in Text("/spec", "/containers", "/1", "/-1")
            from value in Value(2)
            select (JsonNode?)new JsonObject { ["op"] = op, ["path"] = path, ["from"] = source, ["value"] = value };
        return Gen.OneOf(operation.ArrayOf(3).Select(items => (JsonNode?)new JsonArray(items)), Value(2));
    }
}
