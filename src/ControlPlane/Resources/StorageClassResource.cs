using System.Text.Json.Nodes;
using Dataplane.Api.Selectors;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>StorageClasses.</summary>
internal sealed class StorageClassResource : ResourceDescriptor
{
    private static readonly string[] Immutable = ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"];

    public override ResourceNames Names { get; } =
        new("storage.k8s.io", "v1", "StorageClass", "storageclasses", "storageclass", Namespaced: false) { ShortNames = ["sc"] };

    public override string SchemaName => "storage.StorageClass";

    public override bool ReturnsDeletedObject => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName, new("Provisioner"), new("ReclaimPolicy"), new("VolumeBindingMode"), new("AllowVolumeExpansion", "boolean"), TableColumn.Age,
    ];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        (obj.Text("metadata", "name") ?? "") + (IsDefault(obj) ? " (default)" : ""), obj.Text("provisioner") ?? "", obj.Text("reclaimPolicy") ?? "Delete",
        obj.Text("volumeBindingMode") ?? "Immediate", obj.Boolean("allowVolumeExpansion") == true, TableCell.Age(obj, now),
    ];

    public override void Default(JsonObject obj)
    {
        obj.Default("reclaimPolicy", "Delete");
        obj.Default("volumeBindingMode", "Immediate");
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        if (obj.Text("provisioner") is null or "")
        {
            errors.Required("provisioner");
        }
        else
        {
            errors.Rule("provisioner", obj.Text("provisioner")!, LabelSyntax.KeyErrors(obj.Text("provisioner")!.ToLowerInvariant()));
        }

        if (obj.Text("reclaimPolicy") is { } policy and not ("Delete" or "Retain"))
        {
            errors.NotSupported("reclaimPolicy", policy, "Delete", "Retain");
        }

        if (obj.Text("volumeBindingMode") is { } mode and not ("Immediate" or "WaitForFirstConsumer"))
        {
            errors.NotSupported("volumeBindingMode", mode, "Immediate", "WaitForFirstConsumer");
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        foreach (var field in Immutable.Where(field => !obj.FieldEquals(old, field)))
        {
            if (field == "volumeBindingMode")
            {
                errors.Invalid(field, obj.Text(field) ?? "", "field is immutable");
            }
            else
            {
                errors.Forbidden(field, $"updates to {field} are forbidden.");
            }
        }
    }

    private static bool IsDefault(JsonObject obj) =>
        obj.StringMap("metadata", "annotations").GetValueOrDefault("storageclass.kubernetes.io/is-default-class") == "true";
}
