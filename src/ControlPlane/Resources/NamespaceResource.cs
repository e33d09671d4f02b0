using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Namespaces. The finalizer "kubernetes" keeps one until the namespace controller has emptied it.</summary>
internal sealed class NamespaceResource : ResourceDescriptor
{
    public override ResourceNames Names { get; } = new("", "v1", "Namespace", "namespaces", "namespace", Namespaced: false) { ShortNames = ["ns"] };

    public override string SchemaName => "core.Namespace";

    public override NameRule NameRule => NameRule.Label;

    public override bool HasStatus => true;

    public override bool ReturnsDeletedObject => true;

    public override bool DeletesCollections => false;

    public override IReadOnlyList<string> FieldLabels { get; } = ["status.phase"];

    public override IReadOnlyList<Subresource> Subresources { get; } = [new("finalize", "", "v1", "Namespace", "update")];

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, new("Status"), TableColumn.Age];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
        [TableCell.Name(obj), obj.Text("status", "phase") ?? "", TableCell.Age(obj, now)];

    public override void PrepareForCreate(JsonObject obj)
    {
        obj["spec"] = new JsonObject { ["finalizers"] = new JsonArray("kubernetes") };
        obj["status"] = new JsonObject { ["phase"] = "Active" };
    }

    public override void PrepareForUpdate(JsonObject obj, JsonObject old)
    {
        obj.CopyField(old, "status");
        obj.CopyField(old, "spec");
    }

    // The label lets network policies and webhooks select a namespace by its name.
    public override void Default(JsonObject obj) => obj.Metadata().Ensure("labels")["kubernetes.io/metadata.name"] = obj.Text("metadata", "name");

    public override void PrepareForDelete(JsonObject obj) => obj.Ensure("status")["phase"] = "Terminating";

    public override void ValidateStatusUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        var (wanted, when) = obj.Text("metadata", "deletionTimestamp") is null ? ("Active", "is empty") : ("Terminating", "is not empty");
        if (obj.Text("status", "phase") is var phase && phase != wanted)
        {
            errors.Invalid("status.Phase", phase ?? "", $"may only be '{wanted}' if `deletionTimestamp` {when}");
        }
    }

    public override bool MayBeRemoved(JsonObject obj) => base.MayBeRemoved(obj) && !obj.Texts("spec", "finalizers").Any();
}
