using System.Text.Json.Nodes;
using Dataplane.Api.Selectors;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources.Pods;

/// <summary>Which nodes and which neighbours a pod wants.</summary>
internal static class AffinityValidation
{
    private const string Required = "requiredDuringSchedulingIgnoredDuringExecution";
    private const string Preferred = "preferredDuringSchedulingIgnoredDuringExecution";

    public static void Validate(JsonObject? affinity, string path, FieldErrors errors)
    {
        if (affinity?.Object("nodeAffinity") is { } nodes)
        {
            if (nodes.Object(Required) is { } selector)
            {
                NodeSelector(selector, $"{path}.nodeAffinity.{Required}", errors);
            }

            foreach (var (term, at) in nodes.Entries($"{path}.nodeAffinity", Preferred))
            {
                Weight(term, at, errors);
                Term(term.Object("preference") ?? [], $"{at}.preference", checkValues: false, errors);
            }
        }

        foreach (var kind in new[] { "podAffinity", "podAntiAffinity" })
        {
            foreach (var (term, at) in affinity?.Object(kind)?.Entries($"{path}.{kind}", Required) ?? [])
            {
                PodTerm(term, at, errors);
            }

            foreach (var (term, at) in affinity?.Object(kind)?.Entries($"{path}.{kind}", Preferred) ?? [])
            {
                Weight(term, at, errors);
                PodTerm(term.Object("podAffinityTerm") ?? [], $"{at}.podAffinityTerm", errors);
            }
        }
    }

    public static void NodeSelector(JsonObject selector, string path, FieldErrors errors)
    {
        if (!selector.Objects("nodeSelectorTerms").Any())
        {
            errors.Required($"{path}.nodeSelectorTerms", "must have at least one node selector term");
        }

        foreach (var (term, at) in selector.Entries(path, "nodeSelectorTerms"))
        {
            Term(term, at, checkValues: true, errors);
        }
    }

    private static void Weight(JsonObject term, string path, FieldErrors errors)
    {
        if (term.Integer("weight") is var weight && weight is null or < 1 or > 100)
        {
            errors.Invalid($"{path}.weight", weight ?? 0, "must be in the range 1-100");
        }
    }

    private static void Term(JsonObject term, string path, bool checkValues, FieldErrors errors)
    {
        foreach (var (item, at) in term.Entries(path, "matchExpressions"))
        {
            Expression(item, at, checkValues, errors);
        }

        foreach (var (item, at) in term.Entries(path, "matchFields"))
        {
            Field(item, at, errors);
        }
    }

    private static void Expression(JsonObject item, string path, bool checkValues, FieldErrors errors)
    {
        var values = item.Texts("values").ToList();
        switch (item.Text("operator"))
        {
            case "In" or "NotIn" when values.Count == 0:
                errors.Required($"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'");
                break;
            case "Exists" or "DoesNotExist" when values.Count > 0:
                errors.Forbidden($"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                break;
            case "Gt" or "Lt" when values.Count != 1:
                errors.Required($"{path}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'");
                break;
            case not ("In" or "NotIn" or "Exists" or "DoesNotExist" or "Gt" or "Lt") and var other:
                errors.Invalid($"{path}.operator", other ?? "", "not a valid selector operator");
                break;
        }

        errors.Key($"{path}.key", item.Text("key") ?? "");
        for (var i = 0; checkValues && i < values.Count; i++)
        {
            errors.Rule($"{path}.values[{i}]", values[i], LabelSyntax.ValueErrors(values[i]));
        }
    }

    private static void Field(JsonObject item, string path, FieldErrors errors)
    {
        var values = item.Texts("values").ToList();
        if (item.Text("operator") is not ("In" or "NotIn") and var other)
        {
            errors.Invalid($"{path}.operator", other ?? "", "not a valid selector operator");
        }
        else if (values.Count != 1)
        {
            errors.Required($"{path}.values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
        }

        if (item.Text("key") is not "metadata.name" and var key)
        {
            errors.Invalid($"{path}.key", key ?? "", "not a valid field selector key");
            return;
        }

        for (var i = 0; i < values.Count; i++)
        {
            errors.Rule($"{path}.values[{i}]", values[i], NameRule.Subdomain.Errors(values[i]));
        }
    }

    private static void PodTerm(JsonObject term, string path, FieldErrors errors)
    {
        SelectorValidation.Validate(term.Object("labelSelector"), $"{path}.labelSelector", errors);
        SelectorValidation.Validate(term.Object("namespaceSelector"), $"{path}.namespaceSelector", errors);
        foreach (var ns in term.Texts("namespaces"))
        {
            errors.Rule($"{path}.namespace", ns, NameRule.Label.Errors(ns));
        }

        var topology = term.Text("topologyKey") ?? "";
        if (topology.Length == 0)
        {
            errors.Required($"{path}.topologyKey", "can not be empty");
        }

        errors.Key($"{path}.topologyKey", topology);
    }
}
