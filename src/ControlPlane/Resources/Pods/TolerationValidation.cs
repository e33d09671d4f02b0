using System.Text.Json.Nodes;
using Dataplane.Api.Selectors;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources.Pods;

/// <summary>Taints of nodes and what pods tolerate of them.</summary>
internal static class TolerationValidation
{
    private static readonly string[] Effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

    public static void Validate(JsonObject spec, string path, FieldErrors errors)
    {
        foreach (var (toleration, at) in spec.Entries(path, "tolerations"))
        {
            Toleration(toleration, at, errors);
        }
    }

    /// <param name="node">A node.</param>
    /// <param name="errors">Gets what is wrong with its taints.</param>
    public static void Taints(JsonObject node, FieldErrors errors)
    {
        var seen = new HashSet<(string?, string?)>();
        foreach (var (taint, at) in (node.Object("spec") ?? []).Entries("metadata", "taints"))
        {
            errors.Key($"{at}.key", taint.Text("key") ?? "");
            var value = taint.Text("value") ?? "";
            if (string.Join(';', LabelSyntax.ValueErrors(value)) is { Length: > 0 } problem)
            {
                errors.Invalid($"{at}.value", value, problem);
            }

            errors.OneOf($"{at}.effect", taint.Text("effect"), Effects);
            if (!seen.Add((taint.Text("key"), taint.Text("effect"))))
            {
                var shown = $"core.Taint{{Key:{GoValue.Quote(taint.Text("key") ?? "")}, Value:{GoValue.Quote(value)}, Effect:{GoValue.Quote(taint.Text("effect") ?? "")}, TimeAdded:<nil>}}";
                errors.DuplicateRaw(at, $"{shown}: taints must be unique by key and effect pair");
            }
        }
    }

    private static void Toleration(JsonObject toleration, string path, FieldErrors errors)
    {
        var (key, effect) = (toleration.Text("key") ?? "", toleration.Text("effect") ?? "");
        var (comparison, value) = (toleration.Text("operator") ?? "", toleration.Text("value") ?? "");
        if (key.Length > 0)
        {
            errors.Key($"{path}.key", key);
        }
        else if (comparison != "Exists")
        {
            errors.Invalid($"{path}.operator", comparison, "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
        }

        if (toleration.Integer("tolerationSeconds") is not null && effect != "NoExecute")
        {
            errors.Invalid($"{path}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
        }

        switch (comparison)
        {
            case "Equal" or "":
                if (string.Join(';', LabelSyntax.ValueErrors(value)) is { Length: > 0 } problem)
                {
                    errors.Invalid($"{path}.operator", value, problem);
                }

                break;
            case "Exists":
                if (value.Length > 0)
                {
                    errors.Invalid($"{path}.operator", value, "value must be empty when `operator` is 'Exists'");
                }

                break;
            default:
                errors.NotSupported($"{path}.operator", comparison, "Equal", "Exists");
                break;
        }

        if (effect.Length > 0)
        {
            errors.KnownOrAbsent($"{path}.effect", effect, Effects);
        }
    }
}
