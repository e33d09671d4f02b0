using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy: each by itself, with each other, and with what the cluster has.</summary>
internal static class ServiceFamilyValidation
{
    private const string Addresses = "spec.clusterIPs";
    private const string Policy = "spec.ipFamilyPolicy";

    public static void Validate(JsonObject spec, FieldErrors errors)
    {
        var (ips, families) = (spec.Texts("clusterIPs").ToList(), spec.Texts("ipFamilies").ToList());
        Agreement(spec, ips, errors);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < families.Count; i++)
        {
            errors.KnownOrAbsent($"spec.ipFamilies[{i}]", families[i], "IPv4", "IPv6");
            if (!seen.Add(families[i]))
            {
                errors.Duplicate($"spec.ipFamilies[{i}]", families[i]);
            }
        }

        errors.KnownOrAbsent(Policy, spec.Text("ipFamilyPolicy"), "PreferDualStack", "RequireDualStack", "SingleStack");
        if (!EachIsAnAddress(spec, ips, errors))
        {
            return;
        }

        if (ips.Count > 1 && ips.Select(FamilyOf).Distinct().Count() < 2)
        {
            errors.InvalidRaw(Addresses, GoValue.Strings(spec.Array("clusterIPs")), "may specify no more than one IP for each IP family");
        }

        for (var i = 0; i < Math.Min(ips.Count, families.Count); i++)
        {
            if (ips[i] != "None" && families[i] is "IPv4" or "IPv6" && FamilyOf(ips[i]) != families[i])
            {
                errors.Invalid($"{Addresses}[{i}]", ips[i], $"expected an {families[i]} value as indicated by `ipFamilies[{i}]`");
            }
        }

        if (errors.IsEmpty && !(ips is ["None"] && spec.Object("selector") is null or { Count: 0 }))
        {
            OfTheCluster(spec, ips, families, errors);
        }
    }

    private static void Agreement(JsonObject spec, List<string> ips, FieldErrors errors)
    {
        var ip = spec.Text("clusterIP") ?? "";
        if (ip.Length > 0 && ips.Count == 0)
        {
            errors.Required(Addresses);
        }
        else if (ip.Length > 0 && ips[0] != ip)
        {
            errors.InvalidRaw(Addresses, GoValue.Strings(spec.Array("clusterIPs")), "first value must match `clusterIP`");
        }
        else if (ip.Length == 0 && ips.Count > 0)
        {
            errors.InvalidRaw(Addresses, GoValue.Strings(spec.Array("clusterIPs")), "must be empty when `clusterIP` is not specified");
        }
    }

    private static bool EachIsAnAddress(JsonObject spec, List<string> ips, FieldErrors errors)
    {
        var good = true;
        if (ips is ["None", _, ..])
        {
            good = false;
            errors.InvalidRaw(Addresses, GoValue.Strings(spec.Array("clusterIPs")), "'None' must be the first and only value");
        }

        for (var i = ips is ["None", ..] ? 1 : 0; i < ips.Count; i++)
        {
            good &= ValueRules.IsAddress(ips[i], out _);
            errors.Address($"{Addresses}[{i}]", ips[i]);
        }

        if (ips.Count > 2)
        {
            errors.InvalidRaw(Addresses, GoValue.Strings(spec.Array("clusterIPs")), "may only hold up to 2 values");
        }

        return good;
    }

    /// <summary>The service range here is of IPv4: there is no second stack to take an address from.</summary>
    private static void OfTheCluster(JsonObject spec, List<string> ips, List<string> families, FieldErrors errors)
    {
        var policy = spec.Text("ipFamilyPolicy");
        if (policy is null or "SingleStack")
        {
            foreach (var (count, what) in new[] { (ips.Count, "clusterIPs"), (families.Count, "ipFamilies") })
            {
                if (count > 1)
                {
                    errors.Invalid(Policy, policy ?? "SingleStack", $"must be RequireDualStack or PreferDualStack when multiple {what} are specified");
                }
            }
        }

        if (policy == "RequireDualStack")
        {
            errors.Invalid(Policy, policy, "this cluster is not configured for dual-stack services");
        }

        for (var i = 0; i < families.Count; i++)
        {
            if (families[i] != "IPv4")
            {
                errors.Invalid($"spec.ipFamilies[{i}]", families[i], "not configured on this cluster");
            }
        }
    }

    private static string FamilyOf(string ip) => ip.Contains(':', StringComparison.Ordinal) ? "IPv6" : "IPv4";
}
