using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Resources;

/// <summary>A question about users, tokens or rights.</summary>
internal sealed class ReviewResource(ResourceNames names, string schemaName) : ResourceDescriptor
{
    /// <summary>All of them, in discovery's order of groups.</summary>
    public static IReadOnlyList<ReviewResource> All { get; } =
    [
        Of("authentication", "SelfSubjectReview"), Of("authentication", "TokenReview"), Of("authorization", "LocalSubjectAccessReview", namespaced: true),
        Of("authorization", "SelfSubjectAccessReview"), Of("authorization", "SelfSubjectRulesReview"), Of("authorization", "SubjectAccessReview"),
    ];

    public override ResourceNames Names { get; } = names;

    public override string SchemaName { get; } = schemaName;

    public override bool IsReview => true;

    public override IReadOnlyList<TableColumn> Columns => [];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) => [];

    private static ReviewResource Of(string group, string kind, bool namespaced = false) =>
        new(new ResourceNames($"{group}.k8s.io", "v1", kind, kind.ToLowerInvariant() + "s", kind.ToLowerInvariant(), namespaced), $"{group}.{kind}");
}
