using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>NetworkPolicies: stored; nothing here enforces them.</summary>
internal sealed class NetworkPolicyResource : ResourceDescriptor
{
    public override ResourceNames Names { get; } =
        new("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "networkpolicy", Namespaced: true) { ShortNames = ["netpol"] };

    public override string SchemaName => "networking.NetworkPolicy";

    public override bool TracksGeneration => true;

    public override bool IsCollected => false;

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, new("Pod-Selector"), TableColumn.Age];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now)
    {
        var selected = new JsonObject { ["spec"] = new JsonObject { ["selector"] = obj.At("spec", "podSelector")?.DeepClone() } };
        return [TableCell.Name(obj), TableCell.Selector(selected), TableCell.Age(obj, now)];
    }

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        spec.Ensure("podSelector");
        if (!spec.Texts("policyTypes").Any())
        {
            spec["policyTypes"] = spec.Objects("egress").Any() ? new JsonArray("Ingress", "Egress") : new JsonArray("Ingress");
        }

        foreach (var port in Rules(obj).SelectMany(rule => rule.Objects("ports")))
        {
            port.Default("protocol", "TCP");
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var index = 0;
        foreach (var type in obj.Texts("spec", "policyTypes"))
        {
            var field = $"spec.policyTypes[{index++}]";
            if (type is not ("Ingress" or "Egress"))
            {
                errors.NotSupported(field, type, "Egress", "Ingress");
            }
        }

        Peers(obj, "ingress", "from", errors);
        Peers(obj, "egress", "to", errors);
    }

    private static IEnumerable<JsonObject> Rules(JsonObject obj) => obj.Objects("spec", "ingress").Concat(obj.Objects("spec", "egress"));

    private static void Peers(JsonObject obj, string direction, string list, FieldErrors errors)
    {
        var rule = 0;
        foreach (var item in obj.Objects("spec", direction))
        {
            var field = $"spec.{direction}[{rule++}].{list}";
            var peer = 0;
            foreach (var entry in item.Objects(list))
            {
                var at = $"{field}[{peer++}]";
                var selects = entry.Object("podSelector") is not null || entry.Object("namespaceSelector") is not null;
                if (entry.Object("ipBlock") is not { } block)
                {
                    if (!selects)
                    {
                        errors.Required(at, "must specify a peer");
                    }
                }
                else if (selects)
                {
                    errors.Forbidden(at, "may not specify both ipBlock and another peer");
                }
                else if (!AddressBlock.IsCidr(block.Text("cidr")))
                {
                    errors.Invalid($"{at}.ipBlock.cidr", block.Text("cidr") ?? "", AddressBlock.InvalidCidr);
                }
            }
        }
    }
}
