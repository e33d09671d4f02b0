using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Bindings: the older way to give a pod its node. The pod's subresource of the same name is the other.</summary>
internal sealed class BindingResource : ResourceDescriptor
{
    public const string Plural = "bindings";

    public override ResourceNames Names { get; } = new("", "v1", "Binding", Plural, "binding", Namespaced: true);

    public override string SchemaName => "core.Binding";

    public override bool IsReview => true;

    public override IReadOnlyList<TableColumn> Columns => [];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) => [];
}
