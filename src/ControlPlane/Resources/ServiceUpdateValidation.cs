using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>What an update of a Service may not change: the first address and family, the class and the health port.</summary>
internal static class ServiceUpdateValidation
{
    private const string Fixed = "may not change once set";

    public static void Validate(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        if (spec.Text("type") != "ExternalName" && old.Text("type") != "ExternalName")
        {
            Addresses(spec, old, errors);
            Families(spec, old, errors);
        }

        if (spec.Text("type") == "LoadBalancer" && old.Text("type") == "LoadBalancer")
        {
            if (!spec.FieldEquals(old, "loadBalancerClass"))
            {
                errors.Invalid("spec.loadBalancerClass", spec.Text("loadBalancerClass") ?? "null", Fixed);
            }

            if (spec.Text("externalTrafficPolicy") == "Local" && old.Text("externalTrafficPolicy") == "Local" && !spec.FieldEquals(old, "healthCheckNodePort"))
            {
                errors.Forbidden("spec.healthCheckNodePort", ValueRules.Immutable);
            }
        }
    }

    /// <summary>What the load balancer says of itself.</summary>
    public static void Status(JsonObject service, FieldErrors errors)
    {
        const string path = "status.loadBalancer";
        var balancer = service.Object("status", "loadBalancer") ?? [];
        if (service.Text("spec", "type") != "LoadBalancer" && balancer.Objects("ingress").Any())
        {
            errors.Forbidden($"{path}.ingress", "may only be used when `spec.type` is 'LoadBalancer'");
            return;
        }

        foreach (var (ingress, at) in balancer.Entries(path, "ingress"))
        {
            var (ip, mode, host) = (ingress.Text("ip") ?? "", ingress.Text("ipMode"), ingress.Text("hostname") ?? "");
            if (ip.Length > 0)
            {
                errors.Address($"{at}.ip", ip);
            }
            else if (mode is not null)
            {
                errors.Forbidden($"{at}.ipMode", "may not be specified when `ip` is not set");
            }

            errors.KnownOrAbsent($"{at}.ipMode", mode, "Proxy", "VIP");
            errors.Optional($"{at}.hostname", host, NameRule.Subdomain);
            if (ValueRules.IsAddress(host, out _))
            {
                errors.Invalid($"{at}.hostname", host, "must be a DNS name, not an IP address");
            }
        }
    }

    private static bool IsHeadless(JsonObject spec) => spec.Texts("clusterIPs").SequenceEqual(["None"]);

    private static void Addresses(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        var (now, before) = (spec.Texts("clusterIPs").ToList(), old.Texts("clusterIPs").ToList());
        if (IsHeadless(spec) && IsHeadless(old))
        {
            return;
        }

        var shown = GoValue.Strings(spec.Array("clusterIPs"));
        if (now.Count == 0 && before.Count > 0)
        {
            errors.InvalidRaw("spec.clusterIPs[0]", shown, "primary clusterIP can not be unset");
            return;
        }

        var compared = now.Count == before.Count ? now.Count : Math.Min(1, Math.Min(now.Count, before.Count));
        for (var i = 0; i < compared; i++)
        {
            if (now[i] != before[i])
            {
                errors.InvalidRaw($"spec.clusterIPs[{i}]", shown, Fixed);
            }
        }

        if (before.Count == 2 && now.Count == 1 && spec.Text("ipFamilyPolicy") != "SingleStack")
        {
            errors.Invalid("spec.ipFamilyPolicy", spec.Text("ipFamilyPolicy") ?? "null", "must be set to 'SingleStack' when releasing the secondary clusterIP");
        }
    }

    private static void Families(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        var (now, before) = (spec.Texts("ipFamilies").ToList(), old.Texts("ipFamilies").ToList());
        if (IsHeadless(spec) || IsHeadless(old) || now.Count == 0 || before.Count == 0)
        {
            return;
        }

        var compared = now.Count == before.Count ? now.Count : 1;
        if (!now.Take(compared).SequenceEqual(before.Take(compared)))
        {
            errors.InvalidRaw("spec.ipFamilies[0]", GoValue.Strings(spec.Array("ipFamilies"), "core.IPFamily"), Fixed);
        }

        if (before.Count == 2 && now.Count == 1 && spec.Text("ipFamilyPolicy") != "SingleStack")
        {
            errors.Invalid("spec.ipFamilyPolicy", spec.Text("ipFamilyPolicy") ?? "null", "must be set to 'SingleStack' when releasing the secondary ipFamily");
        }
    }
}
