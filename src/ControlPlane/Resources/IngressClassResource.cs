using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Resources;

/// <summary>IngressClasses: which controller takes which Ingresses.</summary>
internal sealed class IngressClassResource : ResourceDescriptor
{
    private const string Classes = "/registry/ingressclasses/";
    private const string DefaultAnnotation = "ingressclass.kubernetes.io/is-default-class";
    private const int LongestController = 250;

    public override ResourceNames Names { get; } = new("networking.k8s.io", "v1", "IngressClass", "ingressclasses", "ingressclass", Namespaced: false);

    public override string SchemaName => "networking.IngressClass";

    public override bool TracksGeneration => true;

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, new("Controller"), new("Parameters"), TableColumn.Age];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
        [TableCell.Name(obj), obj.Text("spec", "controller") ?? "", Parameters(obj.Object("spec", "parameters")), TableCell.Age(obj, now)];

    /// <summary>An Ingress without a class gets the default one, of several the newest.</summary>
    public static void DefaultClass(JsonObject ingress, StoreSnapshot snapshot)
    {
        if (ingress.At("spec", "ingressClassName") is not null || ingress.StringMap("metadata", "annotations").ContainsKey("kubernetes.io/ingress.class"))
        {
            return;
        }

        var usual = snapshot.List(Classes).Select(stored => stored.Document())
            .Where(obj => obj.Text("metadata", "annotations", DefaultAnnotation) == "true")
            .OrderByDescending(obj => obj.Timestamp("metadata", "creationTimestamp")).ThenBy(obj => obj.Text("metadata", "name"), StringComparer.Ordinal).FirstOrDefault();
        if (usual is not null)
        {
            ingress.Ensure("spec")["ingressClassName"] = usual.Text("metadata", "name");
        }
    }

    public override void Default(JsonObject obj) => obj.Object("spec", "parameters")?.Default("scope", "Cluster");

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var controller = obj.Text("spec", "controller") ?? "";
        if (controller.Length > LongestController)
        {
            errors.InvalidTooLong("spec.controller", LongestController);
        }

        errors.DomainPath("spec.controller", controller);
        if (obj.Object("spec", "parameters") is { } parameters)
        {
            ValidateParameters(parameters, errors);
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        if (obj.Text("spec", "controller") != old.Text("spec", "controller"))
        {
            errors.Invalid("spec.controller", obj.Text("spec", "controller") ?? "", ValueRules.Immutable);
        }
    }

    private static void ValidateParameters(JsonObject parameters, FieldErrors errors)
    {
        errors.Optional("spec.parameters.apiGroup", parameters.Text("apiGroup"), NameRule.Subdomain);
        errors.Named("spec.parameters.kind", parameters.Text("kind"), NameRule.PathSegment);
        errors.Named("spec.parameters.name", parameters.Text("name"), NameRule.PathSegment);
        errors.OneOf("spec.parameters.scope", parameters.Text("scope"), "Cluster", "Namespace");
        var ns = parameters.Text("namespace");
        if (parameters.Text("scope") == "Namespace")
        {
            if (string.IsNullOrEmpty(ns))
            {
                errors.Required("spec.parameters.namespace", "`parameters.scope` is set to 'Namespace'");
            }
            else
            {
                errors.Rule("spec.parameters.namespace", ns, NameRule.Label.Errors(ns));
            }
        }
        else if (parameters.Text("scope") == "Cluster" && ns is not null)
        {
            errors.Forbidden("spec.parameters.namespace", "`parameters.scope` is set to 'Cluster'");
        }
    }

    /// <summary>"kind.group/name".</summary>
    private static string Parameters(JsonObject? parameters) =>
        parameters is null ? "<none>" : $"{parameters.Text("kind")}{(parameters.Text("apiGroup") is { } group ? "." + group : "")}/{parameters.Text("name")}";
}
