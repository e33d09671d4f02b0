using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>ControllerRevisions: the states a DaemonSet or StatefulSet has had.</summary>
internal sealed class ControllerRevisionResource : ResourceDescriptor
{
    public override ResourceNames Names { get; } =
        new("apps", "v1", "ControllerRevision", "controllerrevisions", "controllerrevision", Namespaced: true);

    public override string SchemaName => "apps.ControllerRevision";

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, new("Controller"), TableColumn.Number("Revision"), TableColumn.Age];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
        [TableCell.Name(obj), Controller(obj), obj.Integer("revision") ?? 0, TableCell.Age(obj, now)];

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        if (obj.Integer("revision") is { } revision and < 0)
        {
            errors.Invalid("revision", revision, "must be greater than or equal to 0");
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        if (!obj.FieldEquals(old, "data"))
        {
            errors.InvalidRaw("data", obj["data"]?.ToJsonString() ?? "null", "field is immutable");
        }
    }

    /// <summary>"daemonset.apps/agent".</summary>
    private static string Controller(JsonObject obj)
    {
        var owner = obj.Objects("metadata", "ownerReferences").FirstOrDefault(reference => reference.Boolean("controller") == true);
        if (owner?.Text("kind") is not { } kind)
        {
            return "<none>";
        }

        var group = owner.Text("apiVersion") is { } version && version.Contains('/', StringComparison.Ordinal) ? "." + version.Split('/')[0] : "";
        return $"{kind.ToLowerInvariant()}{group}/{owner.Text("name")}";
    }
}
