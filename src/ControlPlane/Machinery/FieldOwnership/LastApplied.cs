using System.Text;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Machinery.FieldOwnership;

/// <summary>
/// The annotation by which kubectl's client-side apply remembers what it applied. Server-side apply by kubectl keeps it true where it
/// is, so that people can go back. Source: apimachinery's managedfields, lastappliedupdater.
/// </summary>
internal static class LastApplied
{
    public const string Annotation = "kubectl.kubernetes.io/last-applied-configuration";

    /// <summary>The field manager of kubectl's server-side apply. Who uses another name keeps the annotation as it is.</summary>
    public const string Manager = "kubectl";

    /// <summary>Limit of all annotations of an object together, bytes.</summary>
    private const int MaxAnnotations = 256 * 1024;

    /// <summary>Writes what was applied into an object that has the annotation.</summary>
    /// <param name="obj">What the apply made; it is changed.</param>
    /// <param name="config">What was applied.</param>
    /// <param name="manager">Who applied it.</param>
    public static void Renew(JsonObject obj, JsonObject config, FieldManager manager)
    {
        if (manager.Name != Manager || obj.Text("metadata", "annotations", Annotation) is null or "")
        {
            return;
        }

        var applied = (JsonObject)Sorted(config)!;
        applied.Object("metadata", "annotations")?.Remove(Annotation);
        var annotations = obj.Metadata().Ensure("annotations");
        annotations[Annotation] = ObjectJson.Text(ObjectJson.Encode(applied)) + "\n";
        if (annotations.Sum(entry => Bytes(entry.Key) + Bytes(entry.Value?.ToString() ?? "")) > MaxAnnotations)
        {
            annotations.Remove(Annotation);
        }
    }

    private static int Bytes(string text) => Encoding.UTF8.GetByteCount(text);

    /// <summary>By key, as Go writes maps: kubectl compares the text.</summary>
    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject obj => new JsonObject(obj.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => KeyValuePair.Create(field.Key, Sorted(field.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
