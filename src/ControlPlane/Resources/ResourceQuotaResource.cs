using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Resources.Pods;

namespace Dataplane.ControlPlane.Resources;

/// <summary>ResourceQuotas: admission charges them, the recounter keeps their status.</summary>
internal sealed class ResourceQuotaResource : ResourceDescriptor
{
    private static readonly string[] Scopes =
        ["BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating"];

    public override ResourceNames Names { get; } =
        new("", "v1", "ResourceQuota", "resourcequotas", "resourcequota", Namespaced: true) { ShortNames = ["quota"] };

    public override string SchemaName => "core.ResourceQuota";

    public override bool HasStatus => true;

    public override bool ReturnsDeletedObject => true;

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, TableColumn.Age, new("Request"), new("Limit")];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
        [TableCell.Name(obj), TableCell.Age(obj, now), Usage(obj, limits: false), Usage(obj, limits: true)];

    public override void PrepareForCreate(JsonObject obj) => ShowHard(obj);

    public override void PrepareForUpdate(JsonObject obj, JsonObject old)
    {
        base.PrepareForUpdate(obj, old);
        ShowHard(obj);
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        foreach (var (resource, amount) in obj.StringMap("spec", "hard"))
        {
            ResourceValidation.QuotaName(resource, $"spec.hard[{resource}]", errors);
            ResourceValidation.Amount(resource, amount, $"spec.hard[{resource}]", errors);
        }

        var scopes = obj.Texts("spec", "scopes").ToList();
        var shown = GoValue.Strings(obj.Array("spec", "scopes"), "core.ResourceQuotaScope");
        foreach (var _ in scopes.Except(Scopes))
        {
            errors.InvalidRaw("spec.scopes", shown, "unsupported scope");
        }

        if ((scopes.Contains("BestEffort") && scopes.Contains("NotBestEffort")) || (scopes.Contains("Terminating") && scopes.Contains("NotTerminating")))
        {
            errors.InvalidRaw("spec.scopes", shown, "conflicting scopes");
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        if (!obj.Texts("spec", "scopes").ToHashSet().SetEquals(old.Texts("spec", "scopes")))
        {
            errors.InvalidRaw("spec.scopes", GoValue.Strings(obj.Array("spec", "scopes"), "core.ResourceQuotaScope"), ValueRules.Immutable);
        }
    }

    private static void ShowHard(JsonObject obj)
    {
        var status = obj.Ensure("status");
        status.CopyField(obj.Ensure("spec"), "hard");
    }

    private static string Usage(JsonObject obj, bool limits)
    {
        var used = obj.StringMap("status", "used");
        return string.Join(", ", obj.StringMap("status", "hard")
            .Where(hard => hard.Key.StartsWith("limits.", StringComparison.Ordinal) == limits)
            .OrderBy(hard => hard.Key, StringComparer.Ordinal)
            .Select(hard => $"{hard.Key}: {used.GetValueOrDefault(hard.Key, "0")}/{hard.Value}"));
    }
}
