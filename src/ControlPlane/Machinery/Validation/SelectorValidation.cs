using System.Text.Json.Nodes;
using Dataplane.Api.Selectors;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Machinery.Validation;

/// <summary>Label selectors inside objects.</summary>
internal static class SelectorValidation
{
    /// <param name="selector">A metav1.LabelSelector, or null.</param>
    /// <param name="path">Where it stands.</param>
    /// <param name="errors">Gets what is wrong.</param>
    public static void Validate(JsonObject? selector, string path, FieldErrors errors)
    {
        if (selector is null)
        {
            return;
        }

        MetadataValidation.ValidateLabels(selector.StringMap("matchLabels"), $"{path}.matchLabels", errors);
        foreach (var (item, at) in selector.Entries(path, "matchExpressions"))
        {
            Expression(item, at, errors);
        }
    }

    /// <summary>Whether labels satisfy a selector; no selector is satisfied by none.</summary>
    public static bool Matches(JsonObject? selector, IReadOnlyDictionary<string, string> labels) =>
        selector is not null
        && selector.StringMap("matchLabels").All(term => labels.GetValueOrDefault(term.Key) == term.Value)
        && selector.Objects("matchExpressions").All(item => Holds(item, labels));

    public static bool IsEmpty(JsonObject selector) => selector.StringMap("matchLabels").Count == 0 && !selector.Objects("matchExpressions").Any();

    private static void Expression(JsonObject item, string path, FieldErrors errors)
    {
        var values = item.Texts("values").ToList();
        switch (item.Text("operator"))
        {
            case "In" or "NotIn":
                if (values.Count == 0)
                {
                    errors.Required($"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'");
                }

                break;
            case "Exists" or "DoesNotExist":
                if (values.Count > 0)
                {
                    errors.Forbidden($"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                }

                break;
            case var other:
                errors.Invalid($"{path}.operator", other ?? "", "not a valid selector operator");
                break;
        }

        errors.Key($"{path}.key", item.Text("key") ?? "");
        for (var i = 0; i < values.Count; i++)
        {
            errors.Rule($"{path}.values[{i}]", values[i], LabelSyntax.ValueErrors(values[i]));
        }
    }

    private static bool Holds(JsonObject item, IReadOnlyDictionary<string, string> labels)
    {
        var value = labels.GetValueOrDefault(item.Text("key") ?? "");
        return item.Text("operator") switch
        {
            "In" => value is not null && item.Texts("values").Contains(value),
            "NotIn" => value is null || !item.Texts("values").Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            _ => false,
        };
    }
}
