using System.Globalization;
using Dataplane.Api;

namespace Dataplane.Kubelet.Pods;

/// <summary>resourceFieldRef: a container's own limits and requests as a number.</summary>
internal static class ResourceFields
{
    /// <summary>
    /// The quantity divided by the divisor (1 when absent), rounded up. A limit that is missing is what the node has to give; a request that is
    /// missing is the limit, or 0.
    /// </summary>
    internal static string Value(ResourceFieldSelector selector, PodFields fields, Container? self)
    {
        var spec = fields.Pod.Spec;
        var container = string.IsNullOrEmpty(selector.ContainerName)
            ? self
            : PodContainers.Of(spec).FirstOrDefault(one => one.Name == selector.ContainerName);
        if (container is null)
        {
            throw new ConfigurationException($"container {selector.ContainerName} not found");
        }

        if (selector.Resource.Split('.', 2) is not [var list, var name] || list is not ("limits" or "requests"))
        {
            throw new ConfigurationException($"unsupported container resource : {selector.Resource}");
        }

        var resources = container.Resources;
        var amount = list == "requests" && resources.Requests.TryGetValue(name, out var request) ? request.Value
            : resources.Limits.TryGetValue(name, out var limit) && limit.Value > 0 ? limit.Value
            : list == "limits" && fields.Allocatable.TryGetValue(name, out var allocatable) ? allocatable.Value
            : 0;
        var divisor = selector.Divisor is { Value: > 0 } given ? given.Value : 1;
        return decimal.Ceiling(amount / divisor).ToString(CultureInfo.InvariantCulture);
    }
}
