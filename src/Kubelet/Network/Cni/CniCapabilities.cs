using System.Net;
using System.Text.Json.Nodes;

namespace Dataplane.Kubelet.Network.Cni;

/// <summary>runtimeConfig: what of a pod's wishes a plugin gets that says in its configuration that it can do it (CONVENTIONS.md of the specification).</summary>
internal static class CniCapabilities
{
    internal static JsonObject Of(PodNetworkRequest pod, IReadOnlyList<IPNetwork> podCidrs)
    {
        var all = new JsonObject();
        if (pod.HostPorts.Count > 0)
        {
            all["portMappings"] = new JsonArray([.. pod.HostPorts.Select(port => new JsonObject
            {
                ["hostPort"] = port.HostPort,
                ["containerPort"] = port.ContainerPort,
                ["protocol"] = port.Protocol.ToLowerInvariant(),
                ["hostIP"] = port.Address?.ToString() ?? "",
            })]);
        }

        if (pod.IngressRate is not null || pod.EgressRate is not null)
        {
            var bandwidth = new JsonObject();
            Limit(bandwidth, "ingress", pod.IngressRate);
            Limit(bandwidth, "egress", pod.EgressRate);
            all["bandwidth"] = bandwidth;
        }

        if (podCidrs.Count > 0)
        {
            all["ipRanges"] = new JsonArray([.. podCidrs.Select(range => new JsonArray(new JsonObject { ["subnet"] = range.ToString() }))]);
        }

        return all;
    }

    /// <summary>Those that the plugin asks for.</summary>
    internal static JsonObject For(JsonObject plugin, JsonObject all)
    {
        var wanted = new JsonObject();
        foreach (var (name, enabled) in plugin["capabilities"] as JsonObject ?? [])
        {
            if (enabled is JsonValue value && value.TryGetValue<bool>(out var on) && on && all[name] is { } node)
            {
                wanted[name] = node.DeepClone();
            }
        }

        return wanted;
    }

    /// <summary>The largest burst, as the kubelet has always asked for.</summary>
    private static void Limit(JsonObject bandwidth, string direction, long? rate)
    {
        if (rate is { } bits)
        {
            bandwidth[direction + "Rate"] = bits;
            bandwidth[direction + "Burst"] = int.MaxValue;
        }
    }
}
