using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>ServiceCIDRs. Only the default one, "kubernetes", is a range that addresses are taken from.</summary>
internal sealed class ServiceCidrResource(string version = "v1") : ResourceDescriptor
{
    public override ResourceNames Names { get; } =
        new("networking.k8s.io", version, "ServiceCIDR", "servicecidrs", "servicecidr", Namespaced: false);

    /// <summary>kubectl up to 1.32 describes it in v1beta1, which is the same.</summary>
    public override string StoredApiVersion => "networking.k8s.io/v1";

    public override string SchemaName => "networking.ServiceCIDR";

    public override bool HasStatus => true;

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, new("CIDRs"), TableColumn.Age];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
        [TableCell.Name(obj), string.Join(",", obj.Texts("spec", "cidrs")), TableCell.Age(obj, now)];

    public override void PrepareForCreate(JsonObject obj) => obj["status"] = new JsonObject();

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var cidrs = obj.Texts("spec", "cidrs").ToList();
        switch (cidrs.Count)
        {
            case 0:
                errors.Required("spec.cidrs", "at least one CIDR required");
                return;
            case > 2:
                errors.InvalidRaw("spec", $"[{string.Join(' ', cidrs)}]", "may only hold up to 2 values");
                return;
        }

        for (var i = 0; i < cidrs.Count; i++)
        {
            if (!AddressBlock.IsCidr(cidrs[i]))
            {
                errors.Invalid($"spec.cidrs[{i}]", cidrs[i], AddressBlock.InvalidCidr);
            }
            else if (!AddressBlock.IsNetwork(cidrs[i]))
            {
                errors.Invalid($"spec.cidrs[{i}]", cidrs[i], "must not have bits set beyond the prefix length");
            }
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        if (!JsonNode.DeepEquals(obj.At("spec", "cidrs"), old.At("spec", "cidrs")))
        {
            errors.InvalidRaw("spec.cidrs", obj.At("spec", "cidrs")?.ToJsonString() ?? "null", "field is immutable");
        }
    }
}
