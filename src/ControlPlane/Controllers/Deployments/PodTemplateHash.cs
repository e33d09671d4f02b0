using System.Globalization;
using System.Text;
using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.Deployments;

/// <summary>The label that keeps the pods of a deployment's revisions apart, and names its ReplicaSets.</summary>
/// <remarks>
/// Upstream hashes Go's dump of the template, which nothing else can produce; here it is FNV-1a of the JSON, in the same alphabet
/// (no vowels, so no words). ReplicaSets made by upstream are still recognised, by their template.
/// </remarks>
internal static class PodTemplateHash
{
    public const string Label = "pod-template-hash";
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    public static string Of(PodTemplateSpec template, int? collisions)
    {
        var hash = Fnv1a(2166136261, ApiJson.Serialize(template));
        if (collisions is { } count)
        {
            hash = Fnv1a(hash, Encoding.ASCII.GetBytes(count.ToString(CultureInfo.InvariantCulture)));
        }

        return string.Concat(hash.ToString(CultureInfo.InvariantCulture).Select(digit => Alphabet[digit % Alphabet.Length]));
    }

    /// <summary>Whether two templates make the same pods, their hash labels aside.</summary>
    public static bool SameTemplate(PodTemplateSpec left, PodTemplateSpec right) => ApiJson.SameContent(WithoutHash(left), WithoutHash(right));

    private static PodTemplateSpec WithoutHash(PodTemplateSpec template)
    {
        var labels = new Dictionary<string, string>(template.Metadata.Labels);
        labels.Remove(Label);
        return template with { Metadata = template.Metadata with { Labels = labels } };
    }

    private static uint Fnv1a(uint hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes)
        {
            hash = (hash ^ b) * 16777619;
        }

        return hash;
    }
}
