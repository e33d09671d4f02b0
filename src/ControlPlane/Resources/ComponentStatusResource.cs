using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Health;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Resources;

/// <summary>ComponentStatuses: the parts of this process, asked each time. Deprecated, but kubectl get cs lives on.</summary>
internal sealed class ComponentStatusResource(HealthChecks health) : ResourceDescriptor, IComputedObjects
{
    public override ResourceNames Names { get; } =
        new("", "v1", "ComponentStatus", "componentstatuses", "componentstatus", Namespaced: false) { ShortNames = ["cs"] };

    public override string SchemaName => "core.ComponentStatus";

    public override string? DeprecationWarning => "v1 ComponentStatus is deprecated in v1.19+";

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, new("Status"), new("Message"), new("Error")];

    public override IComputedObjects Computed => this;

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now)
    {
        var condition = obj.Objects("conditions").FirstOrDefault() ?? [];
        var state = condition.Text("status") == "True" ? "Healthy" : "Unhealthy";
        return [TableCell.Name(obj), state, condition.Text("message") ?? "", condition.Text("error") ?? ""];
    }

    public Task<IReadOnlyList<StoredObject>> ListAsync(string ns, ObjectFilter filter, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<StoredObject>>([.. health.Parts.Select(Make).Where(filter.Matches)]);

    public Task<StoredObject> GetAsync(string ns, string name, CancellationToken cancellation) =>
        Task.FromResult(health.Parts.Where(part => part.Name == name).Select(Make).FirstOrDefault() ?? throw StatusException.NotFound(Names.Qualified, name));

    private StoredObject Make((string Name, string? Problem) part)
    {
        var condition = new JsonObject
        {
            ["type"] = "Healthy",
            ["status"] = part.Problem is null ? "True" : "False",
            ["message"] = part.Problem ?? "ok",
        };
        var obj = new JsonObject { ["metadata"] = new JsonObject { ["name"] = part.Name }, ["conditions"] = new JsonArray(condition) };
        return StoredObject.Create(Key("", part.Name), Revision.None, Revision.None, StoredForm.Encode(this, obj));
    }
}
