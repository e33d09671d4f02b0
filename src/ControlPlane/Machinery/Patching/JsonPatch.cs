using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Machinery.Patching;

/// <summary>RFC 6902. Operations are applied in order to a copy; one that fails fails the patch.</summary>
internal sealed class JsonPatch
{
    /// <summary>Upstream's own limit against patches that cost more than they say.</summary>
    private const int MaxOperations = 10_000;

    /// <summary>Bytes that copies may add to a document: each could double it.</summary>
    private const int MaxCopied = 3 * 1024 * 1024;

    private readonly IReadOnlyList<JsonObject> _operations;

    private JsonPatch(IReadOnlyList<JsonObject> operations) => _operations = operations;

    /// <exception cref="PatchException">Not an array of operations, or too many.</exception>
    public static JsonPatch Read(JsonNode? patch)
    {
        if (patch is not JsonArray array)
        {
            throw new PatchException($"json: cannot unmarshal {GoValue.TypeOf(patch)} into Go value of type jsonpatch.Patch");
        }

        if (array.FirstOrDefault(item => item is not JsonObject) is { } odd)
        {
            throw new PatchException($"json: cannot unmarshal {GoValue.TypeOf(odd)} into Go value of type jsonpatch.Operation");
        }

        return array.Count <= MaxOperations
            ? new JsonPatch([.. array.OfType<JsonObject>()])
            : throw new PatchException($"The allowed maximum operations in a JSON patch is {MaxOperations}, got {array.Count}") { TooLarge = true };
    }

    /// <returns>A new document; the target is unchanged.</returns>
    /// <exception cref="PatchException">A path that is not there, a test that fails.</exception>
    public JsonObject Apply(JsonObject target)
    {
        JsonNode? root = target.DeepClone();
        var copied = 0;
        foreach (var operation in _operations)
        {
            root = Apply(root, operation, ref copied);
        }

        return root as JsonObject ?? throw new PatchException("the patched document is no object");
    }

    private static JsonNode? Apply(JsonNode? root, JsonObject operation, ref int copied)
    {
        var op = operation.Text("op") ?? "";
        var path = JsonPointer.Parse(operation.Text("path") ?? throw new PatchException($"JSON patch operation \"{op}\" has no path"));
        switch (op)
        {
            case "add":
                return path.Add(root, Value(operation));
            case "remove":
                return path.Remove(root);
            case "replace":
                path.Get(root);
                return path.Length == 0 ? Value(operation) : path.Add(path.Remove(root), Value(operation));
            case "move":
                var from = JsonPointer.Parse(operation.Text("from") ?? throw new PatchException("JSON patch operation \"move\" has no from"));
                var moved = from.Get(root)?.DeepClone();
                return path.Add(from.Remove(root), moved);
            case "copy":
                var source = JsonPointer.Parse(operation.Text("from") ?? throw new PatchException("JSON patch operation \"copy\" has no from"));
                var copy = source.Get(root)?.DeepClone();
                copied += copy is null ? 0 : ObjectJson.Encode(copy).Length;
                return copied <= MaxCopied
                    ? path.Add(root, copy)
                    : throw new PatchException(
                        $"Unable to complete the copy, the accumulated size increase of copy is {copied}, exceeding the limit {MaxCopied}");
            case "test":
                return JsonNode.DeepEquals(path.Get(root), Value(operation))
                    ? root
                    : throw new PatchException($"testing value {path} failed: test failed");
            default:
                throw new PatchException($"Unexpected kind: {op}");
        }
    }

    private static JsonNode? Value(JsonObject operation) =>
        operation.TryGetPropertyValue("value", out var value) ? value?.DeepClone() : throw new PatchException("JSON patch operation has no value");
}
