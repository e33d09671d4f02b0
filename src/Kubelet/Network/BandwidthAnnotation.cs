using Dataplane.Api;

namespace Dataplane.Kubelet.Network;

/// <summary>The annotations by which a pod's traffic is limited.</summary>
internal static class BandwidthAnnotation
{
    internal const string Ingress = "kubernetes.io/ingress-bandwidth";
    internal const string Egress = "kubernetes.io/egress-bandwidth";

    // pkg/util/bandwidth: what a limit may be, in bits a second.
    private const long Least = 1_000;
    private const long Most = 1_000_000_000_000_000;

    /// <returns>Bits a second; null without the annotation.</returns>
    /// <exception cref="FormatException">It is no quantity, or out of bounds.</exception>
    internal static long? Parse(Pod pod, string annotation)
    {
        if (!pod.Metadata.Annotations.TryGetValue(annotation, out var text))
        {
            return null;
        }

        if (!Quantity.TryParse(text, out var quantity))
        {
            throw new FormatException($"annotation {annotation}: \"{text}\" is not a quantity");
        }

        var rate = quantity.Value;
        return rate < Least ? throw new FormatException($"annotation {annotation}: resource is unreasonably small (< 1kbit)")
            : rate > Most ? throw new FormatException($"annotation {annotation}: resource is unreasonably large (> 1Pbit)")
            : (long)rate;
    }
}
