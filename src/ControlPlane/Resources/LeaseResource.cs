using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Leases: node heartbeats and leader election.</summary>
internal sealed class LeaseResource : ResourceDescriptor
{
    public override ResourceNames Names { get; } = new("coordination.k8s.io", "v1", "Lease", "leases", "lease", Namespaced: true);

    public override string SchemaName => "coordination.Lease";

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, new("Holder"), TableColumn.Age];

    public override bool AllowsUnconditionalUpdate => false;

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        if (obj.Integer("spec", "leaseDurationSeconds") is { } duration and <= 0)
        {
            errors.Invalid("spec.leaseDurationSeconds", duration, "must be greater than 0");
        }

        errors.NotNegative(obj.Object("spec") ?? [], "spec", "leaseTransitions");
    }

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
        [TableCell.Name(obj), obj.Text("spec", "holderIdentity") ?? "", TableCell.Age(obj, now)];
}
