using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>NetworkPolicies: stored; nothing here enforces them.</summary>
internal sealed class NetworkPolicyResource : ResourceDescriptor
{
    public override ResourceNames Names { get; } =
        new("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "networkpolicy", Namespaced: true) { ShortNames = ["netpol"] };

    public override string SchemaName => "networking.NetworkPolicy";

    public override bool TracksGeneration => true;

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
        var spec = obj.Object("spec") ?? [];
        SelectorValidation.Validate(spec.Object("podSelector"), "spec.podSelector", errors);
        foreach (var (direction, list) in new[] { ("ingress", "from"), ("egress", "to") })
        {
            foreach (var (rule, at) in spec.Entries("spec", direction))
            {
                foreach (var (port, path) in rule.Entries(at, "ports"))
                {
                    Port(port, path, errors);
                }

                foreach (var (peer, path) in rule.Entries(at, list))
                {
                    Peer(peer, path, errors);
                }
            }
        }

        var types = spec.Texts("policyTypes").ToList();
        if (types.Count > 2)
        {
            errors.InvalidRaw("spec.policyTypes", GoValue.Strings(spec.Array("policyTypes"), "networking.PolicyType"), "may not specify more than two policyTypes");
            return;
        }

        for (var i = 0; i < types.Count; i++)
        {
            errors.KnownOrAbsent($"spec.policyTypes[{i}]", types[i], "Ingress", "Egress");
        }
    }

    private static void Port(JsonObject port, string path, FieldErrors errors)
    {
        errors.KnownOrAbsent($"{path}.protocol", port.Text("protocol"), "TCP", "UDP", "SCTP");
        var (first, last) = (port["port"], port.Integer("endPort"));
        if (first is not null)
        {
            errors.PortOrName($"{path}.port", first);
        }

        if (last is null)
        {
            return;
        }

        if (port.Integer("port") is not { } number)
        {
            errors.Invalid($"{path}.endPort", last.Value, first is null ? "may not be specified when `port` is not specified" : "may not be specified when `port` is non-numeric");
            return;
        }

        if (last < number)
        {
            errors.Invalid($"{path}.endPort", last.Value, "must be greater than or equal to `port`");
        }

        errors.Port($"{path}.endPort", last.Value);
    }

    private static void Peer(JsonObject peer, string path, FieldErrors errors)
    {
        var selects = peer.Object("podSelector") is not null || peer.Object("namespaceSelector") is not null;
        SelectorValidation.Validate(peer.Object("podSelector"), $"{path}.podSelector", errors);
        SelectorValidation.Validate(peer.Object("namespaceSelector"), $"{path}.namespaceSelector", errors);
        if (peer.Object("ipBlock") is not { } block)
        {
            if (!selects)
            {
                errors.Required(path, "must specify a peer");
            }

            return;
        }

        Block(block, $"{path}.ipBlock", errors);
        if (selects)
        {
            errors.Forbidden(path, "may not specify both ipBlock and another peer");
        }
    }

    private static void Block(JsonObject block, string path, FieldErrors errors)
    {
        var cidr = block.Text("cidr") ?? "";
        if (cidr.Length == 0)
        {
            errors.Required($"{path}.cidr");
            return;
        }

        if (!AddressBlock.IsCidr(cidr))
        {
            errors.Invalid($"{path}.cidr", cidr, AddressBlock.InvalidCidr);
            return;
        }

        var index = 0;
        foreach (var except in block.Texts("except"))
        {
            var at = $"{path}.except[{index++}]";
            if (!AddressBlock.IsCidr(except))
            {
                errors.Invalid(at, except, AddressBlock.InvalidCidr);
            }
            else if (!AddressBlock.IsInside(except, cidr))
            {
                errors.Invalid(at, except, "must be a strict subset of `cidr`");
            }
        }
    }

    private static IEnumerable<JsonObject> Rules(JsonObject obj) => obj.Objects("spec", "ingress").Concat(obj.Objects("spec", "egress"));

}
