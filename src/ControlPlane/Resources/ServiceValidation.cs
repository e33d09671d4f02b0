using System.Globalization;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>What makes a Service unusable. Source: upstream's ValidateService, release 1.32.</summary>
internal static class ServiceValidation
{
    private const long MaxAffinitySeconds = 86400;
    private const string OnlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'";
    private const string SourceRanges = "service.beta.kubernetes.io/load-balancer-source-ranges";

    public static void Validate(JsonObject service, FieldErrors errors)
    {
        var spec = service.Object("spec") ?? [];
        var type = spec.Text("type") ?? "";
        var headless = spec.Texts("clusterIPs").SequenceEqual(["None"]);
        if (!spec.Objects("ports").Any() && !headless && type != "ExternalName")
        {
            errors.Required("spec.ports");
        }

        if (headless && type is "NodePort" or "LoadBalancer")
        {
            errors.Invalid("spec.clusterIPs[0]", "None", $"may not be set to 'None' for {type} services");
        }
        else if (type == "ExternalName")
        {
            ExternalName(spec, errors);
        }

        Ports(spec, errors);
        MetadataValidation.ValidateLabels(spec.StringMap("selector"), "spec.selector", errors);
        Affinity(spec, errors);
        if (type != "ExternalName")
        {
            ServiceFamilyValidation.Validate(spec, errors);
        }

        var index = 0;
        foreach (var address in spec.Texts("externalIPs"))
        {
            errors.PublicAddress($"spec.externalIPs[{index++}]", address);
        }

        errors.OneOf("spec.type", type, "ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
        PortConflicts(spec, type, errors);
        LoadBalancer(service, spec, type, errors);
        Traffic(spec, type, errors);
    }

    private static void ExternalName(JsonObject spec, FieldErrors errors)
    {
        foreach (var field in new[] { "clusterIPs", "ipFamilies", "ipFamilyPolicy" })
        {
            if (spec[field] is not (null or JsonArray { Count: 0 }))
            {
                errors.Forbidden($"spec.{field}", "may not be set for ExternalName services");
            }
        }

        // A final dot says that the name is whole.
        var name = spec.Text("externalName") ?? "";
        errors.Named("spec.externalName", name.EndsWith('.') ? name[..^1] : name, NameRule.Subdomain);
    }

    private static void Ports(JsonObject spec, FieldErrors errors)
    {
        var needsName = spec.Objects("ports").Count() > 1;
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (port, path) in spec.Entries("spec", "ports"))
        {
            var name = port.Text("name") ?? "";
            if (name.Length == 0 && needsName)
            {
                errors.Required($"{path}.name");
            }
            else if (name.Length > 0)
            {
                errors.Rule($"{path}.name", name, NameRule.Label.Errors(name));
                if (!names.Add(name))
                {
                    errors.Duplicate($"{path}.name", name);
                }
            }

            errors.Port($"{path}.port", port.Integer("port") ?? 0);
            errors.OneOf($"{path}.protocol", port.Text("protocol"), "SCTP", "TCP", "UDP");
            errors.PortOrName($"{path}.targetPort", port["targetPort"]);
            if (port.Text("appProtocol") is { } protocol)
            {
                errors.Key($"{path}.appProtocol", protocol);
            }
        }
    }

    private static void PortConflicts(JsonObject spec, string type, FieldErrors errors)
    {
        if (type == "ClusterIP")
        {
            foreach (var (_, path) in spec.Entries("spec", "ports").Where(entry => entry.Item.Integer("nodePort") is not (null or 0)))
            {
                errors.Forbidden($"{path}.nodePort", "may not be used when `type` is 'ClusterIP'");
            }
        }

        var nodePorts = new HashSet<(string?, long)>();
        foreach (var (port, path) in spec.Entries("spec", "ports"))
        {
            if (port.Integer("nodePort") is { } nodePort and not 0 && !nodePorts.Add((port.Text("protocol"), nodePort)))
            {
                errors.DuplicateRaw($"{path}.nodePort", nodePort.ToString(CultureInfo.InvariantCulture));
            }
        }

        var ports = new HashSet<(string?, long)>();
        foreach (var (port, path) in spec.Entries("spec", "ports"))
        {
            var (protocol, number) = (port.Text("protocol"), port.Integer("port") ?? 0);
            if (!ports.Add((protocol, number)))
            {
                errors.DuplicateRaw(
                    path,
                    $"core.ServicePort{{Name:\"\", Protocol:{GoValue.Quote(protocol ?? "")}, AppProtocol:(*string)(nil), Port:{number}, " +
                    "TargetPort:intstr.IntOrString{Type:0, IntVal:0, StrVal:\"\"}, NodePort:0}");
            }
        }
    }

    private static void Affinity(JsonObject spec, FieldErrors errors)
    {
        errors.OneOf("spec.sessionAffinity", spec.Text("sessionAffinity"), "ClientIP", "None");
        if (spec.Text("sessionAffinity") == "ClientIP" && spec.Integer("sessionAffinityConfig", "clientIP", "timeoutSeconds") is { } seconds
            && seconds is <= 0 or > MaxAffinitySeconds)
        {
            errors.Invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", seconds, $"must be greater than 0 and less than {MaxAffinitySeconds}");
        }
    }

    private static void LoadBalancer(JsonObject service, JsonObject spec, string type, FieldErrors errors)
    {
        var ranges = spec.Texts("loadBalancerSourceRanges").ToList();
        if (ranges.Count > 0)
        {
            // The field's name begins with a capital here, upstream too.
            Ranges(ranges, "spec.LoadBalancerSourceRanges", indexed: true);
        }
        else if (service.StringMap("metadata", "annotations").TryGetValue(SourceRanges, out var annotated))
        {
            Ranges(annotated.Trim().Length == 0 ? [] : [.. annotated.Split(',')], $"metadata.annotations[{SourceRanges}]", indexed: false);
        }

        if (type != "LoadBalancer")
        {
            foreach (var field in new[] { "allocateLoadBalancerNodePorts", "loadBalancerClass" }.Where(spec.ContainsKey))
            {
                errors.Forbidden($"spec.{field}", OnlyLoadBalancer);
            }
        }
        else if (spec.Text("loadBalancerClass") is { } name)
        {
            errors.Key("spec.loadBalancerClass", name);
        }

        void Ranges(List<string> given, string path, bool indexed)
        {
            if (type != "LoadBalancer")
            {
                errors.Forbidden(path, OnlyLoadBalancer);
            }

            for (var i = 0; i < given.Count; i++)
            {
                if (!AddressBlock.IsCidr(given[i].Trim()))
                {
                    errors.Invalid(indexed ? $"{path}[{i}]" : path, given[i].Trim(), AddressBlock.InvalidCidr);
                }
            }
        }
    }

    private static void Traffic(JsonObject spec, string type, FieldErrors errors)
    {
        var outer = spec.Text("externalTrafficPolicy") ?? "";
        if (IsExternallyAccessible(spec))
        {
            errors.OneOf("spec.externalTrafficPolicy", outer, "Cluster", "Local");
        }
        else if (outer.Length > 0)
        {
            errors.Invalid("spec.externalTrafficPolicy", outer, "may only be set for externally-accessible services");
        }

        if (spec.Integer("healthCheckNodePort") is { } health and not 0)
        {
            if (type == "LoadBalancer" && outer == "Local")
            {
                errors.Port("spec.healthCheckNodePort", health);
            }
            else
            {
                errors.Invalid("spec.healthCheckNodePort", health, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
            }
        }

        errors.KnownOrAbsent("spec.internalTrafficPolicy", spec.Text("internalTrafficPolicy"), "Cluster", "Local");
        errors.KnownOrAbsent("spec.trafficDistribution", spec.Text("trafficDistribution"), "PreferClose", "PreferSameNode", "PreferSameZone");
    }

    /// <summary>Clients outside the cluster can reach it.</summary>
    public static bool IsExternallyAccessible(JsonObject spec) =>
        spec.Text("type") is "NodePort" or "LoadBalancer" || (spec.Text("type") == "ClusterIP" && spec.Texts("externalIPs").Any());
}
