using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Patching;
using Dataplane.ControlPlane.Machinery.Schema;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.ControlPlane.Tests.Patching;

/// <summary>What holds for every document and patch.</summary>
public sealed class PatchPropertyTests
{
    private static readonly Gen<JsonObject> Documents = Gen.Sized(size => Object(Math.Min(size, 3)));

    [Fact]
    public void A_merge_patch_applied_twice_changes_nothing_more() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(Documents.ToArbitrary(), Documents.ToArbitrary(), (target, patch) =>
        {
            var once = MergePatch.Apply(Copy(target), patch);
            return JsonNode.DeepEquals(once, MergePatch.Apply(Copy(once), patch));
        }));

    [Fact]
    public void Without_a_schema_a_strategic_patch_is_a_merge_patch() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(Documents.ToArbitrary(), Documents.ToArbitrary(), (target, patch) =>
            JsonNode.DeepEquals(MergePatch.Apply(Copy(target), patch), StrategicMergePatch.Apply(Copy(target), patch, null))));

    [Fact]
    public void A_json_patch_can_replace_every_field_it_tests() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(Documents.ToArbitrary(), target => target.All(field =>
        {
            var path = "/" + field.Key;
            var patch = new JsonArray(
                new JsonObject { ["op"] = "test", ["path"] = path, ["value"] = field.Value?.DeepClone() },
                new JsonObject { ["op"] = "replace", ["path"] = path, ["value"] = "new" });
            return JsonPatch.Read(patch).Apply(target).Text(field.Key) == "new";
        })));

    [Fact]
    public void Arbitrary_bytes_are_an_error_in_both_decoders_never_a_crash() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll<byte[]>(bytes => Refused(() => ProtobufDecoder.Decode([.. "k8s\0"u8, .. bytes], SchemaTable.Kubernetes.Type("core.Pod")))
            && Refused(() => SchemaJsonDecoder.Decode(bytes, SchemaTable.Kubernetes.Type("core.Pod")))));

    private static bool Refused(Action decode)
    {
        try
        {
            decode();
        }
        catch (Exception failure) when (failure is DecodeException or System.Text.Json.JsonException)
        {
            // The two ways a client is told.
        }

        return true;
    }

    private static JsonObject Copy(JsonObject obj) => (JsonObject)obj.DeepClone();

    private static Gen<JsonObject> Object(int depth) =>
        from names in Gen.SubListOf<string>(["a", "b", "c", "name"])
        from values in Value(depth).ArrayOf(names.Count)
        select new JsonObject(names.Zip(values, (name, value) => KeyValuePair.Create<string, JsonNode?>(name, value)));

    private static Gen<JsonNode?> Value(int depth)
    {
        var scalar = Gen.Elements<Func<JsonNode?>>(() => "x", () => 1L, () => true, () => new JsonArray("p", "q")).Select(make => make());
        return depth == 0 ? scalar : Gen.OneOf(scalar, Object(depth - 1).Select(obj => (JsonNode?)obj));
    }
}
