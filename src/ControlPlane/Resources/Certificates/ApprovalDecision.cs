using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Resources.Certificates;

/// <summary>
/// Writes through the subresource approval: kubectl certificate approve and deny. They say whether a request is granted and change
/// nothing else; a decision stays.
/// </summary>
internal static class ApprovalDecision
{
    private static readonly string[] Decisions = [CertificateSigningRequestCondition.Approved, CertificateSigningRequestCondition.Denied];

    // A condition of these types that does not hold would mean nothing.
    private static readonly string[] OnlyTrue = [.. Decisions, CertificateSigningRequestCondition.Failed];

    public static void Prepare(JsonObject obj, JsonObject old, DateTimeOffset now)
    {
        var conditions = obj.Array("status", "conditions")?.DeepClone() as JsonArray;
        obj.CopyField(old, "spec");
        obj.CopyField(old, "status");
        if (conditions is { Count: > 0 })
        {
            obj.Ensure("status")["conditions"] = conditions;
        }
        else
        {
            obj.Object("status")?.Remove("conditions");
        }

        foreach (var condition in obj.Objects("status", "conditions"))
        {
            condition.Default("lastTransitionTime", ObjectJson.Time(now));
        }
    }

    public static void Validate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        ValidateConditions(obj, errors);
        foreach (var type in OnlyTrue.Where(type => Has(old, type) && !Has(obj, type)))
        {
            errors.Forbidden("status.conditions", $"updates may not remove a condition of type \"{type}\"");
        }
    }

    /// <summary>Puts the decisions of the old version back into a write of the status.</summary>
    public static void KeepDecisions(JsonObject obj, JsonObject old)
    {
        var kept = old.Objects("status", "conditions").Where(condition => Decisions.Contains(condition.Text("type")));
        var others = obj.Objects("status", "conditions").Where(condition => !Decisions.Contains(condition.Text("type")));
        var conditions = new JsonArray([.. kept.Concat(others).Select(condition => condition.DeepClone())]);
        if (conditions.Count > 0)
        {
            obj.Ensure("status")["conditions"] = conditions;
        }
        else
        {
            obj.Object("status")?.Remove("conditions");
        }
    }

    public static void ValidateConditions(JsonObject obj, FieldErrors errors)
    {
        var at = 0;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var condition in obj.Objects("status", "conditions"))
        {
            var field = $"status.conditions[{at++}]";
            var (type, status) = (condition.Text("type") ?? "", condition.Text("status") ?? "");
            if (type.Length == 0)
            {
                errors.Required($"{field}.type");
            }
            else if (!seen.Add(type))
            {
                errors.Duplicate($"{field}.type", type);
            }

            if (status.Length == 0)
            {
                errors.Required($"{field}.status");
            }
            else if (OnlyTrue.Contains(type) && status != "True")
            {
                errors.NotSupported($"{field}.status", status, "True");
            }
            else if (status is not ("True" or "False" or "Unknown"))
            {
                errors.NotSupported($"{field}.status", status, "False", "True", "Unknown");
            }

            if (Decisions.Contains(type) && Decisions.Any(other => other != type && seen.Contains(other)))
            {
                errors.Invalid($"{field}.type", type, "Approved and Denied conditions are mutually exclusive");
            }
        }
    }

    private static bool Has(JsonObject obj, string type) => obj.Objects("status", "conditions").Any(condition => condition.Text("type") == type);
}
