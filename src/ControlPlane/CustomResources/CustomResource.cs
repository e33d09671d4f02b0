using System.Text.Json.Nodes;
using Dataplane.ControlPlane.CustomResources.Definitions;
using Dataplane.ControlPlane.CustomResources.Rules;
using Dataplane.ControlPlane.CustomResources.Schemas;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.FieldOwnership;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.CustomResources;

/// <summary>One version of a resource that a CustomResourceDefinition defines.</summary>
internal sealed class CustomResource : ResourceDescriptor
{
    private readonly Definition _definition;
    private readonly JsonObject _version;
    private readonly CustomColumns _columns;
    private readonly Dictionary<string, JsonPath> _selectable;
    private readonly Lazy<RuleTree?> _rules;

    public CustomResource(Definition definition, JsonObject version, CancellationToken withdrawn)
    {
        _definition = definition;
        _version = version;
        _columns = new CustomColumns(version);
        Withdrawn = withdrawn;
        Structure = StructuralSchema.Parse(version.Object("schema", "openAPIV3Schema") ?? []);
        _rules = new Lazy<RuleTree?>(() => RuleTree.Of(Structure, isResource: true));
        var name = version.Text("name") ?? "";
        var accepted = definition.AcceptedNames;
        Names = new ResourceNames(
            definition.Group, name, accepted.Text("kind") ?? "", accepted.Text("plural") ?? "", accepted.Text("singular") ?? "",
            definition.IsNamespaced)
        {
            ShortNames = [.. accepted.Texts("shortNames")],
            Categories = [.. accepted.Texts("categories")],
            ListKind = accepted.Text("listKind") ?? "",
        };
        _selectable = version.Objects("selectableFields").Select(field => field.Text("jsonPath") ?? "").Where(path => path.Length > 1)
            .DistinctBy(path => path).ToDictionary(path => path[1..], JsonPath.Parse, StringComparer.Ordinal);
        FieldLabels = [.. _selectable.Keys];
        StoredApiVersion = $"{definition.Group}/{definition.StorageVersion}";
        Scale = version.Object("subresources", "scale") is { } scale ? new CustomScale(scale) : null;
    }

    public override ResourceNames Names { get; }

    public override string SchemaName => "apiextensions.CustomResource";

    /// <summary>What objects of this version are made of.</summary>
    public StructuralSchema Structure { get; }

    /// <summary>Another one means another schema.</summary>
    public string Signature => _definition.Signature;

    /// <summary>Where a Scale finds its parts; null without the subresource.</summary>
    public CustomScale? Scale { get; }

    public override CancellationToken Withdrawn { get; }

    public override bool IsCustom => true;

    public override string StoragePrefix => $"/registry/{Names.Group}/{Names.Plural}/";

    public override string StoredApiVersion { get; }

    public override FieldType Ownership => FieldType.Of(Structure);

    public override IReadOnlyList<TableColumn> Columns => _columns.Columns;

    public override bool HasStatus => _version.Object("subresources", "status") is not null;

    public override bool HasScale => Scale is not null;

    public override bool TracksGeneration => true;

    public override IReadOnlyList<string> FieldLabels { get; }

    public override string? DeprecationWarning => _version.Boolean("deprecated") != true
        ? null
        : _version.Text("deprecationWarning") ?? $"{Names.ApiVersion} {Names.Kind} is deprecated{Successor()}";

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) => _columns.Cells(obj, now);

    public override string FieldValue(JsonObject obj, string label) => _selectable[label].Find(obj).FirstOrDefault()?.ToString() ?? "";

    public override DecodedObject Decode(ReadOnlySpan<byte> json)
    {
        var decoded = UntypedJsonDecoder.Decode(json);
        var pruned = Pruning.Prune(decoded.Object, Structure);
        return new DecodedObject(decoded.Object, [.. decoded.StrictErrors, .. pruned.Select(field => $"unknown field \"{field}\"")]);
    }

    public override void Default(JsonObject obj) => Defaulting.Apply(obj, Structure);

    public override void PrepareForCreate(JsonObject obj)
    {
        if (_definition.IsTerminating)
        {
            throw new StatusException(405, "MethodNotAllowed", "create not allowed while custom resource definition is terminating");
        }

        base.PrepareForCreate(obj);
    }

    public override void PrepareForStatusUpdate(JsonObject obj, JsonObject old)
    {
        foreach (var field in obj.Select(field => field.Key).Union(old.Select(field => field.Key)).ToArray())
        {
            if (field is not ("status" or "metadata"))
            {
                obj.CopyField(old, field);
            }
        }

        var managed = obj.Array("metadata", "managedFields")?.DeepClone();
        obj["metadata"] = old.Metadata().DeepClone();
        if (managed is not null)
        {
            obj.Metadata()["managedFields"] = managed;
        }

        Default(obj);
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        foreach (var error in SchemaValidation.Validate(obj, Structure))
        {
            errors.Add(error.Field, error.Reason, error.Text);
        }

        CheckRules(obj, null, errors);
    }

    /// <summary>What was wrong before and was not touched may stay wrong: a schema that became stricter must not freeze objects.</summary>
    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        var before = SchemaValidation.Validate(old, Structure);
        foreach (var error in SchemaValidation.Validate(obj, Structure).Where(error => !before.Contains(error)))
        {
            errors.Add(error.Field, error.Reason, error.Text);
        }

        CheckRules(obj, old, errors);
    }

    public override void ValidateStatusUpdate(JsonObject obj, JsonObject old, FieldErrors errors) => ValidateUpdate(obj, old, errors);

    // Rules may rely on the types and sizes that the schema promises.
    private void CheckRules(JsonObject obj, JsonObject? old, FieldErrors errors)
    {
        if (_rules.Value is not { } rules)
        {
            return;
        }

        if (errors.All.Any(error => error.Reason is "FieldValueRequired" or "FieldValueTooLong" or "FieldValueTooMany" or "FieldValueTypeInvalid"))
        {
            errors.Invalid(
                "<nil>", "null",
                "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation");
            return;
        }

        RuleValidation.Validate(rules, obj, old, errors);
    }

    /// <summary>The newest version that is at least as stable and not deprecated itself.</summary>
    private string Successor()
    {
        var next = _definition.ServedVersions.FirstOrDefault(version => version.Boolean("deprecated") != true)?.Text("name");
        return next is not null && VersionOrder.Instance.Compare(next, Names.Version) > 0 ? $"; use {Names.Group}/{next} {Names.Kind}" : "";
    }

    protected override void Adapt(JsonObject obj)
    {
        if (obj.Text("apiVersion") != Names.ApiVersion && _definition.ConvertsByWebhook)
        {
            throw StatusException.Internal(
                $"conversion webhook for {obj.Text("apiVersion")}, Kind={Names.Kind} failed: conversion webhooks are not supported by this server");
        }

        Pruning.Prune(obj, Structure);
        Default(obj);
    }
}
