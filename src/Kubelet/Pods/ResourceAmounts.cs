using Dataplane.Api;

namespace Dataplane.Kubelet.Pods;

/// <summary>Requests and limits of containers and pods, as far as they may be resized.</summary>
internal static class ResourceAmounts
{
    internal static readonly IReadOnlyList<string> Resizable = ["cpu", "memory"];

    internal static bool AreSame(ResourceRequirements one, ResourceRequirements other) => Resizable.All(name => AreSame(one, other, name));

    internal static bool AreSame(ResourceRequirements one, ResourceRequirements other, string name) =>
        AreSame(one.Limits, other.Limits, name) && AreSame(one.Requests, other.Requests, name);

    /// <summary>What of a resource a pod takes of its node: its containers together, or an init container before them if that is more.</summary>
    internal static decimal OfPod(PodSpec spec, string name)
    {
        var beside = spec.InitContainers.Where(IsSidecar).Concat(spec.Containers).Sum(one => Request(one.Resources, name));
        return Math.Max(beside, spec.InitContainers.Where(one => !IsSidecar(one)).Select(one => Request(one.Resources, name)).DefaultIfEmpty().Max());
    }

    private static bool IsSidecar(Container container) => container.RestartPolicy == "Always";

    private static decimal Request(ResourceRequirements resources, string name) =>
        (resources.Requests.TryGetValue(name, out var amount) || resources.Limits.TryGetValue(name, out amount)) ? amount.Value : 0;

    private static bool AreSame(Dictionary<string, Quantity> one, Dictionary<string, Quantity> other, string name) =>
        one.TryGetValue(name, out var amount) == other.TryGetValue(name, out var otherAmount) && amount == otherAmount;
}
