using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Roles, stored; nothing here enforces them.</summary>
internal sealed class RoleResource : RbacRuleResource
{
    public override ResourceNames Names { get; } = new("rbac.authorization.k8s.io", "v1", "Role", "roles", "role", Namespaced: true);

    public override string SchemaName => "rbac.Role";
}

/// <summary>ClusterRoles, stored; nothing here enforces or aggregates them.</summary>
internal sealed class ClusterRoleResource : RbacRuleResource
{
    public override ResourceNames Names { get; } = new("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", "clusterrole", Namespaced: false);

    public override string SchemaName => "rbac.ClusterRole";
}

/// <summary>What Roles and ClusterRoles share: rules.</summary>
internal abstract class RbacRuleResource : ResourceDescriptor
{
    public override NameRule NameRule => NameRule.PathSegment;

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, new("Created At")];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) => [TableCell.Name(obj), obj.Text("metadata", "creationTimestamp") ?? ""];

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var index = 0;
        foreach (var rule in obj.Objects("rules"))
        {
            Rule(rule, $"rules[{index++}]", errors);
        }
    }

    private void Rule(JsonObject rule, string field, FieldErrors errors)
    {
        if (!rule.Texts("verbs").Any())
        {
            errors.Required($"{field}.verbs", "verbs must contain at least one value");
        }

        if (rule.Texts("nonResourceURLs").Any())
        {
            if (Names.Namespaced)
            {
                errors.InvalidRaw($"{field}.nonResourceURLs", GoValue.Strings(rule.Array("nonResourceURLs")), "namespaced rules cannot apply to non-resource URLs");
            }

            if (rule.Texts("apiGroups").Any() || rule.Texts("resources").Any() || rule.Texts("resourceNames").Any())
            {
                errors.InvalidRaw(
                    $"{field}.nonResourceURLs", GoValue.Strings(rule.Array("nonResourceURLs")), "rules cannot apply to both regular resources and non-resource URLs");
            }

            return;
        }

        if (!rule.Texts("apiGroups").Any())
        {
            errors.Required($"{field}.apiGroups", "resource rules must supply at least one api group");
        }

        if (!rule.Texts("resources").Any())
        {
            errors.Required($"{field}.resources", "resource rules must supply at least one resource");
        }
    }
}
