using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Services;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Services.</summary>
internal sealed class ServiceResource(ServiceAllocation allocation) : ResourceDescriptor
{
    private const long AffinitySeconds = 10800;

    public override ResourceNames Names { get; } =
        new("", "v1", "Service", "services", "service", Namespaced: true) { ShortNames = ["svc"], Categories = ["all"] };

    public override string SchemaName => "core.Service";

    public override string StoragePrefix => "/registry/services/specs/";

    public override NameRule NameRule => NameRule.Label1035;

    public override bool HasStatus => true;

    public override bool ReturnsDeletedObject => true;

    public override IReadOnlyList<Subresource> Subresources { get; } = [Subresource.Proxy("ServiceProxyOptions")];

    public override IReadOnlyList<string> FieldLabels { get; } = ["spec.clusterIP", "spec.type"];

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName, new("Type"), new("Cluster-IP"), new("External-IP"), new("Port(s)"), TableColumn.Age, TableColumn.Wide("Selector"),
    ];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        TableCell.Name(obj), obj.Text("spec", "type") ?? "", TableCell.OrNone(obj.Text("spec", "clusterIP")), ExternalAddress(obj), Ports(obj),
        TableCell.Age(obj, now), TableCell.Labels(obj.StringMap("spec", "selector")),
    ];

    public override void PrepareForCreate(JsonObject obj) => obj["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };

    public override void PrepareForUpdate(JsonObject obj, JsonObject old)
    {
        obj.CopyField(old, "status");
        ServiceInheritance.Apply(obj.Ensure("spec"), old.Ensure("spec"));
    }

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        spec.Default("sessionAffinity", "None");
        spec.Default("type", "ClusterIP");
        if (spec.Text("sessionAffinity") == "ClientIP")
        {
            spec.Ensure("sessionAffinityConfig").Ensure("clientIP").Default("timeoutSeconds", AffinitySeconds);
        }

        var type = spec.Text("type");
        foreach (var port in spec.Objects("ports"))
        {
            port.Default("protocol", "TCP");
            if (port["port"] is { } number)
            {
                port.Default("targetPort", number.DeepClone());
            }
        }

        if (type is "NodePort" or "LoadBalancer")
        {
            spec.Default("externalTrafficPolicy", "Cluster");
        }

        if (type == "LoadBalancer")
        {
            spec.Default("allocateLoadBalancerNodePorts", true);
        }

        if (type != "ExternalName")
        {
            spec.Default("internalTrafficPolicy", "Cluster");
            DefaultFamilies(spec);
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors) => ServiceValidation.Validate(obj.Object("spec") ?? [], errors);

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        var (now, before) = (obj.Text("spec", "clusterIP"), old.Text("spec", "clusterIP"));
        var external = obj.Text("spec", "type") == "ExternalName" || old.Text("spec", "type") == "ExternalName";
        if (!external && !string.IsNullOrEmpty(before) && now != before)
        {
            errors.InvalidRaw("spec.clusterIPs[0]", $"[]string{{\"{now}\"}}", "may not change once set");
        }
    }

    public override IReservation? Reserve(JsonObject obj, JsonObject? old, FieldErrors errors) => allocation.Reserve(obj, old, errors);

    public override void Release(JsonObject obj) => allocation.Release(obj);

    private static void DefaultFamilies(JsonObject spec)
    {
        if (spec.Text("clusterIP") is { Length: > 0 } address && spec.Array("clusterIPs") is null or { Count: 0 })
        {
            spec["clusterIPs"] = new JsonArray(address);
        }
        else if (string.IsNullOrEmpty(spec.Text("clusterIP")) && spec.Texts("clusterIPs").FirstOrDefault() is { } first)
        {
            spec["clusterIP"] = first;
        }

        // A headless Service without selector may get endpoints of either family from whoever writes them.
        var open = spec.Text("clusterIP") == "None" && spec.Object("selector") is null or { Count: 0 };
        spec.Default("ipFamilies", open ? new JsonArray("IPv4", "IPv6") : new JsonArray("IPv4"));
        spec.Default("ipFamilyPolicy", open ? "RequireDualStack" : "SingleStack");
    }

    private static string ExternalAddress(JsonObject obj)
    {
        var external = string.Join(",", obj.Texts("spec", "externalIPs"));
        switch (obj.Text("spec", "type"))
        {
            case "ExternalName":
                return obj.Text("spec", "externalName") ?? "";
            case "LoadBalancer":
                var ingress = obj.Objects("status", "loadBalancer", "ingress").Select(entry => entry.Text("ip") ?? entry.Text("hostname") ?? "").ToList();
                var all = string.Join(",", ingress.Concat(obj.Texts("spec", "externalIPs")).Distinct());
                return all.Length > 0 ? all : "<pending>";
            default:
                return TableCell.OrNone(external);
        }
    }

    private static string Ports(JsonObject obj) => TableCell.OrNone(string.Join(",", obj.Objects("spec", "ports").Select(port =>
        port.Integer("nodePort") is { } node and not 0
            ? $"{port.Integer("port")}:{node}/{port.Text("protocol")}"
            : $"{port.Integer("port")}/{port.Text("protocol")}")));
}
