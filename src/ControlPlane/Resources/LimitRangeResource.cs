using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>LimitRanges: defaults for the containers of a namespace.</summary>
internal sealed class LimitRangeResource : ResourceDescriptor
{
    public override ResourceNames Names { get; } = new("", "v1", "LimitRange", "limitranges", "limitrange", Namespaced: true) { ShortNames = ["limits"] };

    public override string SchemaName => "core.LimitRange";

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, new("Created At")];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) => [TableCell.Name(obj), obj.Text("metadata", "creationTimestamp") ?? ""];

    public override void Default(JsonObject obj)
    {
        foreach (var item in obj.Objects("spec", "limits").Where(item => item.Text("type") == "Container"))
        {
            // A maximum without a default is one; a default limit without a default request is one too.
            Fill(item, "default", "max");
            Fill(item, "defaultRequest", "default");
            Fill(item, "defaultRequest", "min");
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors) => LimitRangeValidation.Validate(obj.Object("spec") ?? [], errors);

    private static void Fill(JsonObject item, string target, string source)
    {
        foreach (var (resource, quantity) in item.Object(source) ?? [])
        {
            item.Ensure(target).Default(resource, quantity!.DeepClone());
        }
    }
}
