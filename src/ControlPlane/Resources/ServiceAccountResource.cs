using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>ServiceAccounts.</summary>
internal sealed class ServiceAccountResource : ResourceDescriptor
{
    public override ResourceNames Names { get; } =
        new("", "v1", "ServiceAccount", "serviceaccounts", "serviceaccount", Namespaced: true) { ShortNames = ["sa"] };

    public override string SchemaName => "core.ServiceAccount";

    public override bool ReturnsDeletedObject => true;

    public override IReadOnlyList<Subresource> Subresources { get; } = [new("token", "authentication.k8s.io", "v1", "TokenRequest", "create")];

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, TableColumn.Number("Secrets"), TableColumn.Age];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
        [TableCell.Name(obj), obj.Array("secrets")?.Count ?? 0, TableCell.Age(obj, now)];
}
