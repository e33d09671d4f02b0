using System.Globalization;
using Dataplane.Api;

namespace Dataplane.Kubelet.Pods;

/// <summary>The variables by which pods of old found Services. Source: Docker's container links, which upstream still follows.</summary>
internal static class ServiceEnvironment
{
    /// <summary>Variables of the Services of a pod's namespace; of <c>default/kubernetes</c> alone when the pod wants no links.</summary>
    internal static IEnumerable<KeyValuePair<string, string>> For(Pod pod, IEnumerable<Service> services)
    {
        var links = pod.Spec.EnableServiceLinks ?? true;
        var chosen = new SortedDictionary<string, Service>(StringComparer.Ordinal);
        foreach (var service in services)
        {
            var (ns, name) = (service.Metadata.Namespace, service.Metadata.Name);
            if (service.Spec.ClusterIP is null or "" or "None")
            {
                continue;
            }

            if (links && ns == pod.Metadata.Namespace)
            {
                chosen[name] = service;
            }
            else if (ns == "default" && name == "kubernetes")
            {
                chosen.TryAdd(name, service);
            }
        }

        return chosen.Values.SelectMany(Variables);
    }

    private static IEnumerable<KeyValuePair<string, string>> Variables(Service service)
    {
        var (name, address) = (Name(service.Metadata.Name), service.Spec.ClusterIP!);
        if (service.Spec.Ports is not [var first, ..])
        {
            yield break;
        }

        yield return new($"{name}_SERVICE_HOST", address);
        yield return new($"{name}_SERVICE_PORT", Text(first.Port));
        foreach (var port in service.Spec.Ports.Where(port => port.Name.Length > 0))
        {
            yield return new($"{name}_SERVICE_PORT_{Name(port.Name)}", Text(port.Port));
        }

        yield return new($"{name}_PORT", Uri(first));
        foreach (var port in service.Spec.Ports)
        {
            var prefix = $"{name}_PORT_{Text(port.Port)}_{Protocol(port).ToUpperInvariant()}";
            yield return new(prefix, Uri(port));
            yield return new($"{prefix}_PROTO", Protocol(port));
            yield return new($"{prefix}_PORT", Text(port.Port));
            yield return new($"{prefix}_ADDR", address);
        }

        string Uri(ServicePort port) => $"{Protocol(port)}://{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{Text(port.Port)}";
    }

    private static string Protocol(ServicePort port) => (port.Protocol ?? "TCP").ToLowerInvariant();

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);

    private static string Name(string name) => name.ToUpperInvariant().Replace('-', '_').Replace('.', '_');
}
