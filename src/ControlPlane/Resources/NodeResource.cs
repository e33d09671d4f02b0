using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Resources.Pods;

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

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        TolerationValidation.Taints(obj, errors);
        Amounts(obj, errors);
        var cidrs = obj.Texts("spec", "podCIDRs").ToList();
        for (var i = 0; i < cidrs.Count; i++)
        {
            if (!AddressBlock.IsCidr(cidrs[i]))
            {
                errors.Invalid($"spec.podCIDRs[{i}]", cidrs[i], AddressBlock.InvalidCidr);
            }
        }

        if (cidrs.Count > 1 && (cidrs.Count > 2 || cidrs.Select(cidr => cidr.Contains(':', StringComparison.Ordinal)).Distinct().Count() < 2))
        {
            errors.InvalidRaw("spec.podCIDRs", GoValue.Strings(obj.Array("spec", "podCIDRs")), "may specify no more than one CIDR for each IP family");
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Amounts(obj, errors);
        var addresses = new HashSet<(string?, string?)>();
        foreach (var (address, at) in (obj.Object("status") ?? []).Entries("status", "addresses"))
        {
            var (type, text) = (address.Text("type"), address.Text("address"));
            if (!addresses.Add((type, text)))
            {
                errors.DuplicateRaw(at, $"core.NodeAddress{{Type:{GoValue.Quote(type ?? "")}, Address:{GoValue.Quote(text ?? "")}}}");
            }
        }

        if (old.Texts("spec", "podCIDRs").Any() && !old.Texts("spec", "podCIDRs").SequenceEqual(obj.Texts("spec", "podCIDRs")))
        {
            errors.Forbidden("spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid");
        }

        if (old.Text("spec", "providerID") is { Length: > 0 } provider && provider != obj.Text("spec", "providerID"))
        {
            errors.Forbidden("spec.providerID", "node updates may not change providerID except from \"\" to valid");
        }

        TolerationValidation.Taints(obj, errors);
    }

    private static void Amounts(JsonObject obj, FieldErrors errors)
    {
        foreach (var list in new[] { "capacity", "allocatable" })
        {
            foreach (var (resource, amount) in obj.StringMap("status", list))
            {
                ResourceValidation.Amount(resource, amount, $"status.{list}.{resource}", errors);
            }
        }
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
