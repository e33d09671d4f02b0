using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Resources;

/// <summary>SelfSubjectAccessReviews: kubectl auth can-i asks, and whoever is known may do everything.</summary>
internal sealed class ReviewResource : ResourceDescriptor
{
    public override ResourceNames Names { get; } =
        new("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", "selfsubjectaccessreview", Namespaced: false);

    public override string SchemaName => "authorization.SelfSubjectAccessReview";

    public override bool IsReview => true;

    public override IReadOnlyList<TableColumn> Columns => [];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) => [];
}
