using System.Text;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Secrets. stringData is written into data and not kept.</summary>
internal sealed class SecretResource : ResourceDescriptor
{
    private const string ServiceAccountName = "kubernetes.io/service-account.name";

    public override ResourceNames Names { get; } = new("", "v1", "Secret", "secrets", "secret", Namespaced: true);

    public override string SchemaName => "core.Secret";

    public override IReadOnlyList<string> FieldLabels { get; } = ["type"];

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, new("Type"), TableColumn.Number("Data"), TableColumn.Age];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
        [TableCell.Name(obj), obj.Text("type") ?? "", obj.Object("data")?.Count ?? 0, TableCell.Age(obj, now)];

    public override void Default(JsonObject obj)
    {
        obj.Default("type", "Opaque");
        foreach (var (key, value) in obj.StringMap("stringData"))
        {
            obj.Ensure("data")[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value));
        }

        obj.Remove("stringData");
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        if (obj.Text("type") == "kubernetes.io/service-account-token" && obj.Text("metadata", "annotations", ServiceAccountName) is null or "")
        {
            errors.Required($"metadata.annotations[{ServiceAccountName}]");
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        if (!obj.FieldEquals(old, "type"))
        {
            errors.Invalid("type", obj.Text("type") ?? "", "field is immutable");
        }

        ImmutableData.Validate(obj, old, errors, "data");
    }
}
