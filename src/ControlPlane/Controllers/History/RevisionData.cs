using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.History;

/// <summary>What a ControllerRevision keeps: the pod template as a strategic merge patch of its owner, as <c>kubectl rollout undo</c> sends it.</summary>
/// <remarks><code>{"spec":{"template":{...,"$patch":"replace"}}}</code></remarks>
internal static class RevisionData
{
    public static JsonElement Of(PodTemplateSpec template)
    {
        var content = (JsonObject)JsonNode.Parse(ApiJson.Serialize(template))!;
        content["$patch"] = "replace";
        return JsonSerializer.SerializeToElement(new JsonObject { ["spec"] = new JsonObject { ["template"] = content } });
    }

    /// <summary>The template of a revision; null when somebody wrote something else into it.</summary>
    public static PodTemplateSpec? Template(ControllerRevision revision)
    {
        if (revision.Data is not { ValueKind: JsonValueKind.Object } data
            || !data.TryGetProperty("spec", out var spec)
            || spec.ValueKind != JsonValueKind.Object
            || !spec.TryGetProperty("template", out var template))
        {
            return null;
        }

        try
        {
            return ApiJson.Deserialize<PodTemplateSpec>(JsonSerializer.SerializeToUtf8Bytes(template));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Compares what the template says, so that a revision written by upstream's controller, with other nulls, is recognised.</summary>
    public static bool IsOf(ControllerRevision revision, PodTemplateSpec template) =>
        Template(revision) is { } kept && ApiJson.SameContent(kept, template);
}
