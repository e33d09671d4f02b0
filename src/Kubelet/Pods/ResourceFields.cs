using System.Globalization;
using Dataplane.Api;

namespace Dataplane.Kubelet.Pods;

/// <summary>resourceFieldRef: a container's own limits and requests as a number.</summary>
internal static class ResourceFields
{
    /// <summary>The quantity divided by the divisor (1 when absent), rounded up; a missing limit is 0.</summary>
    internal static string Value(ResourceFieldSelector selector, Pod pod, Container? self)
    {
        var container = string.IsNullOrEmpty(selector.ContainerName)
            ? self
            : pod.Spec.Containers.Concat(pod.Spec.InitContainers).FirstOrDefault(one => one.Name == selector.ContainerName);
        if (container is null || selector.Resource.Split('.', 2) is not [var list, var name])
        {
            throw new ConfigurationException($"unsupported resource field: {selector.ContainerName}/{selector.Resource}");
        }

        var amounts = list == "limits" ? container.Resources.Limits : container.Resources.Requests;
        var amount = amounts.TryGetValue(name, out var quantity) ? quantity.Value : 0;
        var divisor = selector.Divisor is { Value: > 0 } given ? given.Value : 1;
        return decimal.Ceiling(amount / divisor).ToString(CultureInfo.InvariantCulture);
    }
}
