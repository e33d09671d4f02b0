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

    public override bool MayWarn => true;

    public override IEnumerable<string> Warnings(JsonObject obj) => ServiceWarnings.Of(obj);

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
        else if (spec.Text("sessionAffinity") == "None")
        {
            spec.Remove("sessionAffinityConfig");
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

        if (ServiceValidation.IsExternallyAccessible(spec))
        {
            spec.Default("externalTrafficPolicy", "Cluster");
        }

        if (type == "LoadBalancer")
        {
            spec.Default("allocateLoadBalancerNodePorts", true);
        }

        if (spec.Text("clusterIP") is { Length: > 0 } address && spec.Array("clusterIPs") is null or { Count: 0 })
        {
            spec["clusterIPs"] = new JsonArray(address);
        }

        if (type != "ExternalName")
        {
            spec.Default("internalTrafficPolicy", "Cluster");
            DefaultFamilies(spec);
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors) => ServiceValidation.Validate(obj, errors);

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        ServiceUpdateValidation.Validate(obj.Ensure("spec"), old.Ensure("spec"), errors);
        Validate(obj, errors);
    }

    public override void PrepareForStatusUpdate(JsonObject obj, JsonObject old)
    {
        base.PrepareForStatusUpdate(obj, old);
        foreach (var ingress in obj.Objects("status", "loadBalancer", "ingress").Where(ingress => ingress.Text("ip") is { Length: > 0 }))
        {
            ingress.Default("ipMode", "VIP");
        }
    }

    public override void ValidateStatusUpdate(JsonObject obj, JsonObject old, FieldErrors errors) => ServiceUpdateValidation.Status(obj, errors);

    public override IReservation? Reserve(JsonObject obj, JsonObject? old, FieldErrors errors) => allocation.Reserve(obj, old, errors);

    public override void Release(JsonObject obj) => allocation.Release(obj);

    private static void DefaultFamilies(JsonObject spec)
    {
        var given = spec.Texts("ipFamilies").ToList();
        var named = spec.Texts("clusterIPs").Where(ip => ip != "None").Select(ip => ip.Contains(':', StringComparison.Ordinal) ? "IPv6" : "IPv4");
        given.AddRange(named.Skip(given.Count).Except(given));

        // A headless Service without selector may get endpoints of either family from whoever writes them.
        if (spec.Text("clusterIP") == "None" && spec.Object("selector") is null or { Count: 0 })
        {
            var first = given.FirstOrDefault() ?? "IPv4";
            if (given.Count < 2 && spec.Text("ipFamilyPolicy") != "SingleStack")
            {
                given = [first, first == "IPv4" ? "IPv6" : "IPv4"];
            }

            spec["ipFamilies"] = new JsonArray([.. (given.Count == 0 ? [first] : given).Select(family => JsonValue.Create(family))]);
            spec.Default("ipFamilyPolicy", "RequireDualStack");
            return;
        }

        spec["ipFamilies"] = new JsonArray([.. (given.Count == 0 ? ["IPv4"] : given).Select(family => JsonValue.Create(family))]);
        spec.Default("ipFamilyPolicy", "SingleStack");
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
