using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.CustomResources.Definitions;

/// <summary>CustomResourceDefinitions.</summary>
internal sealed class DefinitionResource(TimeProvider time) : ResourceDescriptor
{
    public override ResourceNames Names { get; } = new(
        "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", "customresourcedefinition", Namespaced: false)
    {
        ShortNames = ["crd", "crds"],
        Categories = ["api-extensions"],
    };

    public override string SchemaName => "apiextensions.CustomResourceDefinition";

    public override string StoragePrefix => "/registry/apiextensions.k8s.io/customresourcedefinitions/";

    public override bool HasStatus => true;

    public override bool TracksGeneration => true;

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, new("Created At", "date")];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) => [TableCell.Name(obj), obj.Text("metadata", "creationTimestamp") ?? ""];

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        if (spec.Object("names") is { } names && names.Text("kind") is { Length: > 0 } kind)
        {
            Fill(names, "singular", kind.ToLowerInvariant());
            Fill(names, "listKind", kind + "List");
        }

        spec.Default("scope", "");
        spec.Ensure("conversion").Default("strategy", "None");
        foreach (var webhook in spec.Object("conversion", "webhook", "clientConfig", "service") is { } service ? new[] { service } : [])
        {
            webhook.Default("port", 443L);
        }
    }

    public override void PrepareForCreate(JsonObject obj)
    {
        base.PrepareForCreate(obj);
        StoreVersions(obj);
    }

    public override void PrepareForUpdate(JsonObject obj, JsonObject old)
    {
        base.PrepareForUpdate(obj, old);
        StoreVersions(obj);
    }

    public override void Validate(JsonObject obj, FieldErrors errors) => new DefinitionValidation(errors).Check(obj);

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        var immutable = Definition.IsTrue(old, "Established")
            ? new[] { "spec.scope", "spec.names.kind", "spec.group", "spec.names.plural" }
            : ["spec.group", "spec.names.plural"];
        foreach (var field in immutable)
        {
            var path = field.Split('.');
            if (obj.Text(path) != old.Text(path))
            {
                errors.Invalid(field, obj.Text(path) ?? "", "field is immutable");
            }
        }

        var versions = obj.Objects("spec", "versions").Select(version => version.Text("name")).ToHashSet();
        var index = 0;
        foreach (var stored in obj.Texts("status", "storedVersions"))
        {
            if (!versions.Contains(stored))
            {
                errors.Invalid($"status.storedVersions[{index}]", stored, "must appear in spec.versions");
            }

            index++;
        }
    }

    /// <summary>A definition goes after its objects: the finalizer holds it until they are gone.</summary>
    public override void PrepareForDelete(JsonObject obj)
    {
        if (obj.Text("metadata", "deletionTimestamp") is not null)
        {
            return;
        }

        var finalizers = obj.Array("metadata", "finalizers") ?? [];
        if (!obj.Texts("metadata", "finalizers").Contains(Definition.CleanupFinalizer))
        {
            finalizers.Add(Definition.CleanupFinalizer);
        }

        obj.Metadata()["finalizers"] = finalizers.DeepClone();
        DefinitionStatus.SetCondition(
            obj, "Terminating", "True", "InstanceDeletionPending",
            "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
            time.GetUtcNow());
    }

    private static void Fill(JsonObject names, string field, string value)
    {
        if (names.Text(field) is null or "")
        {
            names[field] = value;
        }
    }

    private static void StoreVersions(JsonObject obj)
    {
        var storage = new Definition(obj).StorageVersion;
        var status = obj.Ensure("status");
        var stored = status.Array("storedVersions") ?? [];
        if (storage.Length > 0 && !status.Texts("storedVersions").Contains(storage))
        {
            stored.Add(storage);
            status["storedVersions"] = stored.DeepClone();
        }
    }
}
