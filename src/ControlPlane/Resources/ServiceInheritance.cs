using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Resources;

/// <summary>
/// What an update of a Service keeps without saying so: allocated values it leaves out. Older clients replace Services from
/// manifests that never had them.
/// </summary>
internal static class ServiceInheritance
{
    public static void Apply(JsonObject spec, JsonObject old)
    {
        var (type, oldType) = (spec.Text("type") ?? "ClusterIP", old.Text("type"));
        if (type == "ExternalName")
        {
            DropAllocated(spec, old);
        }
        else if (oldType != "ExternalName")
        {
            InheritAddress(spec, old);
        }

        if (UsesNodePorts(type) && UsesNodePorts(oldType))
        {
            InheritNodePorts(spec, old);
        }
        else if (UsesNodePorts(oldType))
        {
            DropNodePorts(spec, old);
        }

        var health = type == "LoadBalancer" && spec.Text("externalTrafficPolicy") == "Local";
        if (health && old["healthCheckNodePort"] is { } port)
        {
            spec.Default("healthCheckNodePort", port.DeepClone());
        }
        else if (!health && spec.FieldEquals(old, "healthCheckNodePort"))
        {
            spec.Remove("healthCheckNodePort");
        }

        if (!UsesNodePorts(type) && spec.FieldEquals(old, "externalTrafficPolicy"))
        {
            spec.Remove("externalTrafficPolicy");
        }

        if (type != "LoadBalancer" && spec.FieldEquals(old, "allocateLoadBalancerNodePorts"))
        {
            spec.Remove("allocateLoadBalancerNodePorts");
        }
    }

    private static bool UsesNodePorts(string? type) => type is "NodePort" or "LoadBalancer";

    private static void InheritAddress(JsonObject spec, JsonObject old)
    {
        if (string.IsNullOrEmpty(spec.Text("clusterIP")) && !spec.Texts("clusterIPs").Any())
        {
            spec.CopyField(old, "clusterIP");
            spec.CopyField(old, "clusterIPs");
        }

        // Clients that know one address change only that one.
        if (spec.Text("clusterIP") is { Length: > 0 } wanted && wanted != old.Text("clusterIP") && spec.FieldEquals(old, "clusterIPs"))
        {
            spec["clusterIPs"] = new JsonArray(wanted);
        }

        foreach (var field in new[] { "ipFamilies", "ipFamilyPolicy" })
        {
            if (!spec.ContainsKey(field))
            {
                spec.CopyField(old, field);
            }
        }
    }

    private static void DropAllocated(JsonObject spec, JsonObject old)
    {
        foreach (var field in new[] { "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy" })
        {
            if (spec.FieldEquals(old, field))
            {
                spec.Remove(field);
            }
        }
    }

    private static void InheritNodePorts(JsonObject spec, JsonObject old)
    {
        foreach (var port in spec.Objects("ports").Where(port => port.Integer("nodePort") is null or 0))
        {
            var same = old.Objects("ports").FirstOrDefault(before =>
                before.Integer("port") == port.Integer("port") && (port.Text("protocol") ?? "TCP") == before.Text("protocol"));
            var inUse = spec.Objects("ports").Any(other => other.Integer("nodePort") is { } used and not 0 && used == same?.Integer("nodePort") && other.Text("protocol") == port.Text("protocol"));
            if (same?["nodePort"] is { } nodePort && !inUse)
            {
                port["nodePort"] = nodePort.DeepClone();
            }
        }
    }

    private static void DropNodePorts(JsonObject spec, JsonObject old)
    {
        var allocated = old.Objects("ports").Select(port => port.Integer("nodePort")).Where(port => port is not (null or 0)).ToHashSet();
        foreach (var port in spec.Objects("ports").Where(port => allocated.Contains(port.Integer("nodePort"))))
        {
            port.Remove("nodePort");
        }
    }
}
