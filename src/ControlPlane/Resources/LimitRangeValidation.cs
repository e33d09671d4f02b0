using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Api.Selectors;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Resources.Pods;

namespace Dataplane.ControlPlane.Resources;

/// <summary>What makes a LimitRange contradict itself. Source: upstream's ValidateLimitRange.</summary>
internal static class LimitRangeValidation
{
    private static readonly string[] Lists = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];

    /// <summary>Amounts that must not be above others: which, above what, and how each is called.</summary>
    private static readonly (string Lower, string Upper, string Shown, string Text)[] Order =
    [
        ("min", "max", "min", "min value {0} is greater than max value {1}"),
        ("min", "defaultRequest", "defaultRequest", "min value {0} is greater than default request value {1}"),
        ("defaultRequest", "max", "defaultRequest", "default request value {0} is greater than max value {1}"),
        ("defaultRequest", "default", "defaultRequest", "default request value {0} is greater than default limit value {1}"),
        ("min", "default", "default", "min value {0} is greater than default value {1}"),
        ("default", "max", "default", "default value {0} is greater than max value {1}"),
    ];

    public static void Validate(JsonObject spec, FieldErrors errors)
    {
        var types = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (item, path) in spec.Entries("spec", "limits"))
        {
            var type = item.Text("type") ?? "";
            var problems = LabelSyntax.KeyErrors(type).ToList();
            errors.Rule($"{path}.type", type, problems);
            if (problems.Count == 0 && type is not ("Pod" or "Container" or "PersistentVolumeClaim") && !type.Contains('/', StringComparison.Ordinal))
            {
                errors.Invalid($"{path}.type", type, "must be a standard limit type or fully qualified");
            }

            if (!types.Add(type))
            {
                errors.Duplicate($"{path}.type", type);
            }

            Item(item, type, path, errors);
        }
    }

    private static void Item(JsonObject item, string type, string path, FieldErrors errors)
    {
        foreach (var list in Lists.Where(list => item.Object(list) is { Count: > 0 }))
        {
            if (type == "Pod" && list is "default" or "defaultRequest")
            {
                errors.Forbidden($"{path}.{list}", "may not be specified when `type` is 'Pod'");
                continue;
            }

            foreach (var resource in item.StringMap(list).Keys)
            {
                if (type is "Pod" or "Container")
                {
                    ResourceValidation.ContainerName(resource, $"{path}.{list}[{resource}]", errors);
                }
                else
                {
                    ResourceValidation.Name(resource, $"{path}.{list}[{resource}]", errors);
                }
            }
        }

        if (type == "PersistentVolumeClaim" && item.Text("min", "storage") is null && item.Text("max", "storage") is null)
        {
            errors.Required($"{path}.limits", "either minimum or maximum storage value is required, but neither was provided");
        }

        foreach (var resource in Lists.SelectMany(list => item.StringMap(list).Keys).Distinct().Order(StringComparer.Ordinal))
        {
            Amounts(item, type, resource, path, errors);
        }
    }

    private static void Amounts(JsonObject item, string type, string resource, string path, FieldErrors errors)
    {
        foreach (var (lower, upper, shown, text) in Order)
        {
            if (type == "Pod" && (lower.StartsWith("default", StringComparison.Ordinal) || upper.StartsWith("default", StringComparison.Ordinal)))
            {
                continue;
            }

            var (low, high) = (item.Text(lower, resource), item.Text(upper, resource));
            if (Quantity.TryParse(low, out var least) && Quantity.TryParse(high, out var most) && least.Value > most.Value)
            {
                // Upstream shows the amount it is about, but of a default below the minimum or above the maximum the bound.
                var value = shown == "default" ? (lower == "min" ? low : high) : item.Text(shown, resource);
                errors.InvalidRaw(
                    $"{path}.{shown}[{resource}]", GoValue.Quantity(value!), string.Format(System.Globalization.CultureInfo.InvariantCulture, text, low, high));
            }
        }

        if (Quantity.TryParse(item.Text("maxLimitRequestRatio", resource), out var ratio) && ratio.Value < 1)
        {
            errors.InvalidRaw($"{path}.maxLimitRequestRatio[{resource}]", GoValue.Quantity(ratio.ToString()), $"ratio {ratio} is less than 1");
        }
    }
}
