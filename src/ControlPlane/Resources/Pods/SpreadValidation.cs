using System.Globalization;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources.Pods;

/// <summary>Topology spread constraints.</summary>
internal static class SpreadValidation
{
    public static void Validate(JsonObject spec, string path, FieldErrors errors)
    {
        var all = spec.Entries(path, "topologySpreadConstraints").ToList();
        for (var i = 0; i < all.Count; i++)
        {
            var (constraint, at) = all[i];
            Constraint(constraint, at, errors);
            var (topology, action) = (constraint.Text("topologyKey"), constraint.Text("whenUnsatisfiable"));
            if (all.Skip(i + 1).Any(other => other.Item.Text("topologyKey") == topology && other.Item.Text("whenUnsatisfiable") == action))
            {
                errors.Duplicate($"{at}.{{topologyKey, whenUnsatisfiable}}", $"{{{topology}, {action}}}");
            }
        }
    }

    private static void Constraint(JsonObject constraint, string path, FieldErrors errors)
    {
        if (constraint.Integer("maxSkew") is var skew && skew is null or <= 0)
        {
            errors.Invalid($"{path}.maxSkew", skew ?? 0, ValueRules.NotPositive);
        }

        if (constraint.Text("topologyKey") is null or "")
        {
            errors.Required($"{path}.topologyKey", "can not be empty");
        }

        var action = constraint.Text("whenUnsatisfiable") ?? "";
        errors.KnownOrAbsent($"{path}.whenUnsatisfiable", action, "DoNotSchedule", "ScheduleAnyway");
        if (constraint.Integer("minDomains") is { } domains)
        {
            if (domains <= 0)
            {
                errors.Invalid($"{path}.minDomains", domains, ValueRules.NotPositive);
            }

            if (action != "DoNotSchedule")
            {
                errors.InvalidRaw(
                    $"{path}.minDomains", domains.ToString(CultureInfo.InvariantCulture), $"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
            }
        }

        errors.KnownOrAbsent($"{path}.nodeAffinityPolicy", constraint.Text("nodeAffinityPolicy"), "Honor", "Ignore");
        errors.KnownOrAbsent($"{path}.nodeTaintsPolicy", constraint.Text("nodeTaintsPolicy"), "Honor", "Ignore");
        MatchLabelKeys(constraint, path, errors);
        SelectorValidation.Validate(constraint.Object("labelSelector"), $"{path}.labelSelector", errors);
    }

    private static void MatchLabelKeys(JsonObject constraint, string path, FieldErrors errors)
    {
        var keys = constraint.Texts("matchLabelKeys").ToList();
        if (keys.Count == 0)
        {
            return;
        }

        if (constraint.Object("labelSelector") is null)
        {
            errors.Forbidden($"{path}.matchLabelKeys", "must not be specified when labelSelector is not set");
        }

        var selected = constraint.StringMap("labelSelector", "matchLabels").Keys
            .Concat(constraint.Objects("labelSelector", "matchExpressions").Select(item => item.Text("key") ?? "")).ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < keys.Count; i++)
        {
            errors.Key($"{path}.matchLabelKeys[{i}]", keys[i]);
            if (selected.Contains(keys[i]))
            {
                errors.Invalid($"{path}.matchLabelKeys[{i}]", keys[i], "exists in both matchLabelKeys and labelSelector");
            }
        }
    }
}
