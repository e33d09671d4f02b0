using System.Text;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>ConfigMaps.</summary>
internal sealed class ConfigMapResource : ResourceDescriptor
{
    public override ResourceNames Names { get; } = new("", "v1", "ConfigMap", "configmaps", "configmap", Namespaced: true) { ShortNames = ["cm"] };

    public override string SchemaName => "core.ConfigMap";

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, TableColumn.Number("Data"), TableColumn.Age];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
        [TableCell.Name(obj), (obj.Object("data")?.Count ?? 0) + (obj.Object("binaryData")?.Count ?? 0), TableCell.Age(obj, now)];

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var binary = obj.StringMap("binaryData");
        var size = DataRules.CheckKeys(binary, "binaryData", errors, base64: true);
        foreach (var (key, value) in obj.StringMap("data"))
        {
            errors.Rule($"data[{key}]", key, ValueRules.ConfigKey(key));
            if (binary.ContainsKey(key))
            {
                errors.Invalid($"data[{key}]", key, "duplicate of key present in binaryData");
            }

            size += Encoding.UTF8.GetByteCount(value);
        }

        if (size > DataRules.MaxBytes)
        {
            errors.InvalidTooLong("[]", DataRules.MaxBytes);
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        ImmutableData.Validate(obj, old, errors, "data", "binaryData");
        Validate(obj, errors);
    }
}
