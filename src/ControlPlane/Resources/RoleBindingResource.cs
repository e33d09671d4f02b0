using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>RoleBindings, stored; nothing here enforces them.</summary>
internal sealed class RoleBindingResource : RbacBindingResource
{
    public override ResourceNames Names { get; } = new("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", "rolebinding", Namespaced: true);

    public override string SchemaName => "rbac.RoleBinding";

    protected override string[] RoleKinds { get; } = ["Role", "ClusterRole"];
}

/// <summary>ClusterRoleBindings, stored; nothing here enforces them.</summary>
internal sealed class ClusterRoleBindingResource : RbacBindingResource
{
    public override ResourceNames Names { get; } =
        new("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", "clusterrolebinding", Namespaced: false);

    public override string SchemaName => "rbac.ClusterRoleBinding";

    protected override string[] RoleKinds { get; } = ["ClusterRole"];
}

/// <summary>What both kinds of binding share: subjects and a role that never changes.</summary>
internal abstract class RbacBindingResource : ResourceDescriptor
{
    private const string Group = "rbac.authorization.k8s.io";

    public override NameRule NameRule => NameRule.PathSegment;

    protected abstract string[] RoleKinds { get; }

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName, new("Role"), TableColumn.Age, TableColumn.Wide("Users"), TableColumn.Wide("Groups"), TableColumn.Wide("ServiceAccounts"),
    ];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        TableCell.Name(obj), $"{obj.Text("roleRef", "kind")}/{obj.Text("roleRef", "name")}", TableCell.Age(obj, now), Subjects(obj, "User"),
        Subjects(obj, "Group"), Subjects(obj, "ServiceAccount"),
    ];

    public override void Default(JsonObject obj)
    {
        if (obj.Object("roleRef") is { } role)
        {
            role.Default("apiGroup", Group);
        }

        foreach (var subject in obj.Objects("subjects").Where(subject => subject.Text("kind") is "User" or "Group"))
        {
            subject.Default("apiGroup", Group);
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        if (obj.Text("roleRef", "apiGroup") is not Group and var group)
        {
            errors.NotSupported("roleRef.apiGroup", group ?? "", Group);
        }

        if (obj.Text("roleRef", "kind") is var kind && !RoleKinds.Contains(kind))
        {
            errors.NotSupported("roleRef.kind", kind ?? "", RoleKinds);
        }

        errors.Named("roleRef.name", obj.Text("roleRef", "name"), NameRule.PathSegment);

        var index = 0;
        foreach (var subject in obj.Objects("subjects"))
        {
            Subject(subject, $"subjects[{index++}]", errors);
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        if (!obj.FieldEquals(old, "roleRef"))
        {
            var role = obj.Object("roleRef") ?? [];
            errors.InvalidRaw(
                "roleRef",
                $"rbac.RoleRef{{APIGroup:{GoValue.Quote(role.Text("apiGroup") ?? "")}, Kind:{GoValue.Quote(role.Text("kind") ?? "")}, Name:{GoValue.Quote(role.Text("name") ?? "")}}}",
                "cannot change roleRef");
        }
    }

    private void Subject(JsonObject subject, string field, FieldErrors errors)
    {
        if (subject.Text("name") is null or "")
        {
            errors.Required($"{field}.name");
        }

        var (kind, name, group) = (subject.Text("kind"), subject.Text("name") ?? "", subject.Text("apiGroup") ?? "");
        switch (kind)
        {
            case "ServiceAccount":
                errors.Optional($"{field}.name", name, NameRule.Subdomain);
                errors.KnownOrAbsent($"{field}.apiGroup", group, "");
                if (!Names.Namespaced && subject.Text("namespace") is null or "")
                {
                    errors.Required($"{field}.namespace");
                }

                break;
            case "User" or "Group":
                if (name.Length == 0)
                {
                    errors.Invalid($"{field}.name", "", $"{kind.ToLowerInvariant()} name cannot be empty");
                }

                errors.KnownOrAbsent($"{field}.apiGroup", group, Group);
                break;
            default:
                errors.NotSupported($"{field}.kind", kind ?? "", "ServiceAccount", "User", "Group");
                break;
        }
    }

    private static string Subjects(JsonObject obj, string kind) => string.Join(", ", obj.Objects("subjects")
        .Where(subject => subject.Text("kind") == kind)
        .Select(subject => kind == "ServiceAccount" ? $"{subject.Text("namespace")}/{subject.Text("name")}" : subject.Text("name")));
}
