using System.Net.Sockets;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>What makes an EndpointSlice unusable. Source: upstream's pkg/apis/discovery/validation.</summary>
internal static class EndpointSliceValidation
{
    private const int MaxEndpoints = 1000;
    private const int MaxAddresses = 100;
    private const int MaxPorts = 20_000;
    private const int MaxZoneHints = 8;

    public static void Validate(JsonObject slice, FieldErrors errors)
    {
        var type = slice.Text("addressType") ?? "";
        errors.OneOf("addressType", type, "FQDN", "IPv4", "IPv6");
        if (slice.Objects("endpoints").Count() is > MaxEndpoints and var count)
        {
            errors.TooMany("endpoints", count, MaxEndpoints);
        }
        else
        {
            foreach (var (endpoint, path) in slice.Entries("", "endpoints"))
            {
                Endpoint(endpoint, path, type, errors);
            }
        }

        Ports(slice, errors);
    }

    private static void Endpoint(JsonObject endpoint, string path, string type, FieldErrors errors)
    {
        var addresses = endpoint.Texts("addresses").ToList();
        if (addresses.Count == 0)
        {
            errors.Required($"{path}.addresses", "must contain at least 1 address");
        }
        else if (addresses.Count > MaxAddresses)
        {
            errors.TooMany($"{path}.addresses", addresses.Count, MaxAddresses);
        }

        for (var i = 0; i < addresses.Count; i++)
        {
            Address(addresses[i], $"{path}.addresses[{i}]", type, errors);
        }

        errors.Optional($"{path}.nodeName", endpoint.Text("nodeName"), NameRule.Subdomain);
        MetadataValidation.ValidateLabels(endpoint.StringMap("deprecatedTopology"), $"{path}.deprecatedTopology", errors);
        errors.Optional($"{path}.hostname", endpoint.Text("hostname"), NameRule.Label);
        Zones(endpoint, path, errors);
    }

    private static void Zones(JsonObject endpoint, string path, FieldErrors errors)
    {
        var zones = endpoint.Objects("hints", "forZones").ToList();
        if (zones.Count > MaxZoneHints)
        {
            errors.TooMany($"{path}.hints.forZones", zones.Count, MaxZoneHints);
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < zones.Count; i++)
        {
            var name = zones[i].Text("name") ?? "";
            if (!seen.Add(name))
            {
                errors.Duplicate($"{path}.hints.forZones[{i}].name", name);
            }

            errors.Rule($"{path}.hints.forZones[{i}].name", name, Api.Selectors.LabelSyntax.ValueErrors(name));
        }
    }

    private static void Address(string address, string path, string type, FieldErrors errors)
    {
        switch (type)
        {
            case "IPv4" or "IPv6":
                var isAddress = ValueRules.IsAddress(address, out var parsed);
                if (!isAddress || parsed.AddressFamily != (type == "IPv6" ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork))
                {
                    errors.Invalid(path, address, $"must be a valid {type} address");
                }

                errors.Rule(path, address, isAddress ? ValueRules.Special(parsed, address) : ["must be a valid IP address"]);
                break;
            case "FQDN":
                var name = address.EndsWith('.') ? address[..^1] : address;
                errors.Named(path, name, NameRule.Subdomain);
                if (name.Length > 0 && name.Count(c => c == '.') < 2)
                {
                    errors.Invalid(path, name, "should be a domain with at least three segments separated by dots");
                }

                break;
        }
    }

    private static void Ports(JsonObject slice, FieldErrors errors)
    {
        if (slice.Objects("ports").Count() is > MaxPorts and var count)
        {
            errors.TooMany("ports", count, MaxPorts);
            return;
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (port, path) in slice.Entries("", "ports"))
        {
            var name = port.Text("name") ?? "";
            errors.Optional($"{path}.name", name, NameRule.Label);
            if (!names.Add(name))
            {
                errors.Duplicate($"{path}.name", name);
            }

            errors.OneOf($"{path}.protocol", port.Text("protocol"), "SCTP", "TCP", "UDP");
            if (port.Text("appProtocol") is { } protocol)
            {
                errors.Key($"{path}.appProtocol", protocol);
            }
        }
    }
}
