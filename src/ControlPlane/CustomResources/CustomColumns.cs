using System.Globalization;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.CustomResources;

/// <summary>The table of a custom resource: its name, then the additionalPrinterColumns.</summary>
internal sealed class CustomColumns
{
    private readonly IReadOnlyList<(TableColumn Column, JsonPath? Path)> _columns;

    /// <param name="version">A version of a CustomResourceDefinition.</param>
    public CustomColumns(JsonObject version)
    {
        var given = version.Objects("additionalPrinterColumns").Select(Read).ToArray();
        _columns = given.Length > 0 ? given : [(TableColumn.Age with { Type = "date" }, JsonPath.Parse(".metadata.creationTimestamp"))];
        Columns = [TableColumn.ObjectName, .. _columns.Select(column => column.Column)];
    }

    public IReadOnlyList<TableColumn> Columns { get; }

    public JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
        new([TableCell.Name(obj), .. _columns.Select(column => Cell(column.Column.Type, column.Path, obj, now))]);

    private static (TableColumn Column, JsonPath? Path) Read(JsonObject column)
    {
        JsonPath? path = null;
        try
        {
            path = JsonPath.Parse(column.Text("jsonPath") ?? "");
        }
        catch (FormatException)
        {
            // Validation lets through only what starts like a path: what leads nowhere shows nothing.
        }

        return (new TableColumn(
            column.Text("name") ?? "", column.Text("type") ?? "string", (int)(column.Integer("priority") ?? 0), column.Text("format") ?? "",
            column.Text("description") ?? ""), path);
    }

    private static JsonNode? Cell(string type, JsonPath? path, JsonObject obj, DateTimeOffset now)
    {
        var value = path?.Find(obj).FirstOrDefault();
        if (value is null)
        {
            return null;
        }

        return type switch
        {
            "string" => value is JsonValue ? value.ToString() : ObjectJson.Text(ObjectJson.Encode(value)),
            "date" when value is JsonValue text && text.TryGetValue<string>(out var time) =>
                DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, out var then) ? TableCell.Since(then, now) : "<invalid>",
            "integer" or "number" or "boolean" when Fits(type, value) => value.DeepClone(),
            "integer" when Fits("number", value) => (long)double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture),
            _ => null,
        };
    }

    private static bool Fits(string type, JsonNode value) => value is JsonValue scalar && type switch
    {
        "integer" => scalar.AsInteger() is not null,
        "number" => Schemas.JsonNumber.TryRead(scalar, out _),
        _ => scalar.TryGetValue<bool>(out _),
    };
}
