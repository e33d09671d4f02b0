using System.Net;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>What makes a Service's spec unusable.</summary>
internal static class ServiceValidation
{
    private const string PortRange = "must be between 1 and 65535, inclusive";
    private const long MaxAffinitySeconds = 86400;

    public static void Validate(JsonObject spec, FieldErrors errors)
    {
        var type = spec.Text("type") ?? "";
        if (type is not ("ClusterIP" or "NodePort" or "LoadBalancer" or "ExternalName"))
        {
            errors.NotSupported("spec.type", type, "ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
        }

        ValidateAddresses(spec, type, errors);
        ValidatePorts(spec, type, errors);
        ValidatePolicies(spec, type, errors);
        MetadataValidation.ValidateLabels(spec.StringMap("selector"), "spec.selector", errors);
    }

    private static void ValidateAddresses(JsonObject spec, string type, FieldErrors errors)
    {
        var address = spec.Text("clusterIP") ?? "";
        if (type == "ExternalName")
        {
            if (address.Length > 0)
            {
                errors.Forbidden("spec.clusterIPs", "may not be set when `type` is 'ExternalName'");
            }

            var name = (spec.Text("externalName") ?? "").TrimEnd('.');
            if (name.Length == 0)
            {
                errors.Required("spec.externalName");
            }

            foreach (var message in name.Length == 0 ? [] : NameRule.Subdomain.Errors(name))
            {
                errors.Invalid("spec.externalName", name, message);
            }
        }
        else if (address == "None" && type is "NodePort" or "LoadBalancer")
        {
            errors.InvalidRaw("spec.clusterIPs[0]", "\"None\"", $"may not be set to 'None' for {type} services");
        }
        else if (address.Length > 0 && address != "None" && !IPAddress.TryParse(address, out _))
        {
            errors.Invalid("spec.clusterIPs[0]", address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
        }

        var index = 0;
        foreach (var external in spec.Texts("externalIPs"))
        {
            var field = $"spec.externalIPs[{index++}]";
            if (!IPAddress.TryParse(external, out var parsed))
            {
                errors.Invalid(field, external, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
            }
            else if (IPAddress.IsLoopback(parsed) || parsed.Equals(IPAddress.Any))
            {
                errors.Invalid(field, external, IPAddress.IsLoopback(parsed) ? "may not be in the loopback range (127.0.0.0/8, ::1/128)" : "may not be unspecified (0.0.0.0 or ::)");
            }
        }
    }

    private static void ValidatePorts(JsonObject spec, string type, FieldErrors errors)
    {
        var ports = spec.Objects("ports").ToList();
        if (ports.Count == 0 && spec.Text("clusterIP") != "None" && type != "ExternalName")
        {
            errors.Required("spec.ports");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        var seen = new HashSet<(string, long)>();
        var nodePorts = new HashSet<(string, long)>();
        for (var i = 0; i < ports.Count; i++)
        {
            var (port, field) = (ports[i], $"spec.ports[{i}]");
            var name = port.Text("name") ?? "";
            if (name.Length == 0 && ports.Count > 1)
            {
                errors.Required($"{field}.name");
            }

            foreach (var message in name.Length == 0 ? [] : NameRule.Label.Errors(name))
            {
                errors.Invalid($"{field}.name", name, message);
            }

            if (name.Length > 0 && !names.Add(name))
            {
                errors.Duplicate($"{field}.name", name);
            }

            var number = port.Integer("port") ?? 0;
            if (number is < 1 or > 65535)
            {
                errors.Invalid($"{field}.port", number, PortRange);
            }

            var protocol = port.Text("protocol") ?? "";
            if (protocol is not ("TCP" or "UDP" or "SCTP"))
            {
                errors.NotSupported($"{field}.protocol", protocol, "SCTP", "TCP", "UDP");
            }

            ValidateTarget(port, field, errors);
            if (!seen.Add((protocol, number)))
            {
                errors.DuplicateRaw(field, $"{{\"protocol\":\"{protocol}\",\"port\":{number}}}");
            }

            ValidateNodePort(port, field, type, protocol, nodePorts, errors);
        }
    }

    private static void ValidateTarget(JsonObject port, string field, FieldErrors errors)
    {
        if (port.Integer("targetPort") is < 1 or > 65535)
        {
            errors.Invalid($"{field}.targetPort", port.Integer("targetPort")!.Value, PortRange);
        }

        // IANA service names, as container ports are called.
        if (port.Text("targetPort") is { } name && (name.Length > 15 || !name.Any(char.IsAsciiLetter) || !NameRule.Label.Matches(name)))
        {
            errors.Invalid($"{field}.targetPort", name, name.Length > 15 ? "must be no more than 15 characters" : "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
        }
    }

    private static void ValidateNodePort(JsonObject port, string field, string type, string protocol, HashSet<(string, long)> seen, FieldErrors errors)
    {
        if (port.Integer("nodePort") is not { } nodePort || nodePort == 0)
        {
            return;
        }

        if (type is not ("NodePort" or "LoadBalancer"))
        {
            errors.Forbidden($"{field}.nodePort", $"may not be used when `type` is '{type}'");
        }
        else if (!seen.Add((protocol, nodePort)))
        {
            errors.DuplicateRaw($"{field}.nodePort", $"{nodePort}");
        }
    }

    private static void ValidatePolicies(JsonObject spec, string type, FieldErrors errors)
    {
        var affinity = spec.Text("sessionAffinity") ?? "";
        if (affinity is not ("None" or "ClientIP"))
        {
            errors.NotSupported("spec.sessionAffinity", affinity, "ClientIP", "None");
        }

        if (spec.Integer("sessionAffinityConfig", "clientIP", "timeoutSeconds") is { } seconds && seconds is <= 0 or > MaxAffinitySeconds)
        {
            errors.Invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", seconds, $"must be greater than 0 and less than {MaxAffinitySeconds}");
        }

        if (spec.Text("internalTrafficPolicy") is { } inner and not ("Cluster" or "Local"))
        {
            errors.NotSupported("spec.internalTrafficPolicy", inner, "Cluster", "Local");
        }

        if (spec.Text("externalTrafficPolicy") is not { } outer)
        {
            return;
        }

        if (outer is not ("Cluster" or "Local"))
        {
            errors.NotSupported("spec.externalTrafficPolicy", outer, "Cluster", "Local");
        }
        else if (type is not ("NodePort" or "LoadBalancer") && !spec.Texts("externalIPs").Any())
        {
            errors.InvalidRaw("spec.externalTrafficPolicy", $"\"{outer}\"", "may only be set for externally-accessible services");
        }
    }
}
