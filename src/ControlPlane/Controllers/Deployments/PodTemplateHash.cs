using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.Machinery;

namespace Dataplane.ControlPlane.Controllers.Deployments;

/// <summary>The label that keeps the pods of a deployment's revisions apart, and names its ReplicaSets.</summary>
/// <remarks>
/// Upstream hashes Go's dump of the template, which nothing else can produce; here it is a hash of the JSON in the same alphabet.
/// ReplicaSets made by upstream are still recognised, by their template.
/// </remarks>
internal static class PodTemplateHash
{
    public const string Label = "pod-template-hash";

    public static string Of(PodTemplateSpec template, int? collisions) => ContentHash.Of(ApiJson.Serialize(template), collisions);

    /// <summary>Whether two templates make the same pods, their hash labels aside.</summary>
    public static bool SameTemplate(PodTemplateSpec left, PodTemplateSpec right) => ApiJson.SameContent(WithoutHash(left), WithoutHash(right));

    private static PodTemplateSpec WithoutHash(PodTemplateSpec template)
    {
        var labels = new Dictionary<string, string>(template.Metadata.Labels);
        labels.Remove(Label);
        return template with { Metadata = template.Metadata with { Labels = labels } };
    }
}
