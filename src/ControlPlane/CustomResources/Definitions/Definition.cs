using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.CustomResources.Definitions;

/// <summary>One CustomResourceDefinition, read.</summary>
internal sealed class Definition(JsonObject document)
{
    public const string CleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

    /// <summary>The whole object; not to be changed.</summary>
    public JsonObject Document { get; } = document;

    public string Name { get; } = document.Text("metadata", "name") ?? "";

    public string Group { get; } = document.Text("spec", "group") ?? "";

    public bool IsNamespaced { get; } = document.Text("spec", "scope") == "Namespaced";

    public JsonObject RequestedNames { get; } = document.Object("spec", "names") ?? [];

    /// <summary>The names that are its own; empty before the first were accepted.</summary>
    public JsonObject AcceptedNames { get; init; } = document.Object("status", "acceptedNames") ?? [];

    public bool IsEstablished { get; init; } = IsTrue(document, "Established");

    /// <summary>Deletion has begun: objects go, and no new ones come.</summary>
    public bool IsTerminating { get; } = document.Text("metadata", "deletionTimestamp") is not null;

    public bool AwaitsCleanup => IsTerminating && Document.Texts("metadata", "finalizers").Contains(CleanupFinalizer);

    public bool ConvertsByWebhook => Document.Text("spec", "conversion", "strategy") == "Webhook";

    public string StorageVersion =>
        Document.Objects("spec", "versions").FirstOrDefault(version => version.Boolean("storage") == true)?.Text("name") ?? "";

    /// <summary>Versions requests may name, newest first as discovery lists them.</summary>
    public IEnumerable<JsonObject> ServedVersions => Document.Objects("spec", "versions")
        .Where(version => version.Boolean("served") == true)
        .OrderByDescending(version => version.Text("name") ?? "", VersionOrder.Instance);

    /// <summary>What a change of which changes what is served.</summary>
    public string Signature => ObjectJson.Text(ObjectJson.Encode(new JsonObject
    {
        ["spec"] = Document["spec"]?.DeepClone(),
        ["names"] = AcceptedNames.DeepClone(),
        ["terminating"] = IsTerminating,
        ["uid"] = Document.Text("metadata", "uid"),
    }));

    public static bool IsTrue(JsonObject document, string condition) =>
        document.Objects("status", "conditions").Any(entry => entry.Text("type") == condition && entry.Text("status") == "True");
}
