using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Nodes. A kubelet creates its own with a status, so creation keeps it.</summary>
internal sealed class NodeResource : ResourceDescriptor
{
    private const string RoleLabel = "node-role.kubernetes.io/";

    public override ResourceNames Names { get; } = new("", "v1", "Node", "nodes", "node", Namespaced: false) { ShortNames = ["no"] };

    public override string SchemaName => "core.Node";

    public override string StoragePrefix => "/registry/minions/";

    public override bool HasStatus => true;

    public override IReadOnlyList<Subresource> Subresources { get; } = [Subresource.Proxy("NodeProxyOptions")];

    public override IReadOnlyList<string> FieldLabels { get; } = ["spec.unschedulable"];

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName, new("Status"), new("Roles"), TableColumn.Age, new("Version"), TableColumn.Wide("Internal-IP"),
        TableColumn.Wide("External-IP"), TableColumn.Wide("OS-Image"), TableColumn.Wide("Kernel-Version"), TableColumn.Wide("Container-Runtime"),
    ];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        TableCell.Name(obj), Status(obj), Roles(obj), TableCell.Age(obj, now), obj.Text("status", "nodeInfo", "kubeletVersion") ?? "",
        Address(obj, "InternalIP"), Address(obj, "ExternalIP"), Known(obj, "osImage"), Known(obj, "kernelVersion"), Known(obj, "containerRuntimeVersion"),
    ];

    public override void PrepareForCreate(JsonObject obj)
    {
    }

    public override string FieldValue(JsonObject obj, string label) => obj.Boolean("spec", "unschedulable") == true ? "true" : "false";

    public override void Default(JsonObject obj)
    {
        obj.Ensure("spec");
        var status = obj.Ensure("status");

        // What a kubelet reports as capacity is allocatable unless it reserves some of it.
        if (status["capacity"] is { } capacity)
        {
            status.Default("allocatable", capacity.DeepClone());
        }
    }

    public override void PrepareForStatusUpdate(JsonObject obj, JsonObject old)
    {
        obj.CopyField(old, "spec");
        obj.Metadata().CopyField(old.Metadata(), "finalizers");
    }

    private static string Status(JsonObject obj)
    {
        var ready = obj.Objects("status", "conditions").FirstOrDefault(condition => condition.Text("type") == "Ready")?.Text("status");
        var text = ready switch
        {
            "True" => "Ready",
            null => "Unknown",
            _ => "NotReady",
        };
        return obj.Boolean("spec", "unschedulable") == true ? text + ",SchedulingDisabled" : text;
    }

    private static string Roles(JsonObject obj)
    {
        var labels = obj.StringMap("metadata", "labels");
        var roles = labels.Keys.Where(key => key.StartsWith(RoleLabel, StringComparison.Ordinal)).Select(key => key[RoleLabel.Length..])
            .Concat(labels.TryGetValue("kubernetes.io/role", out var role) ? [role] : [])
            .Where(name => name.Length > 0).Distinct().Order(StringComparer.Ordinal);
        return TableCell.OrNone(string.Join(",", roles));
    }

    private static string Address(JsonObject obj, string type) =>
        TableCell.OrNone(obj.Objects("status", "addresses").FirstOrDefault(address => address.Text("type") == type)?.Text("address"));

    private static string Known(JsonObject obj, string field) =>
        obj.Text("status", "nodeInfo", field) is { Length: > 0 } text ? text : "<unknown>";
}
