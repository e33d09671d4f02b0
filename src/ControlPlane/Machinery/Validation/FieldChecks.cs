using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Machinery.Validation;

/// <summary>Checks that many kinds make of their fields. A path ends with the field's name.</summary>
internal static class FieldChecks
{
    /// <summary>The objects of a list with their paths, "spec.ports[0]".</summary>
    public static IEnumerable<(JsonObject Item, string Path)> Entries(this JsonObject obj, string path, string list) =>
        obj.Objects(list).Select((item, index) => (item, $"{Join(path, list)}[{index}]"));

    public static string Join(string path, string field) => path.Length == 0 ? field : $"{path}.{field}";

    public static void Rule(this FieldErrors errors, string path, string value, IEnumerable<string> problems)
    {
        foreach (var problem in problems)
        {
            errors.Invalid(path, value, problem);
        }
    }

    /// <summary>A text that must be there and follow a rule.</summary>
    public static void Named(this FieldErrors errors, string path, string? value, NameRule rule)
    {
        if (string.IsNullOrEmpty(value))
        {
            errors.Required(path);
        }
        else
        {
            errors.Rule(path, value, rule.Errors(value));
        }
    }

    /// <summary>A text that must follow a rule where it is set.</summary>
    public static void Optional(this FieldErrors errors, string path, string? value, NameRule rule)
    {
        if (!string.IsNullOrEmpty(value))
        {
            errors.Rule(path, value, rule.Errors(value));
        }
    }

    public static void NotNegative(this FieldErrors errors, JsonObject obj, string path, params ReadOnlySpan<string> fields)
    {
        foreach (var field in fields)
        {
            if (obj.Integer(field) is { } value and < 0)
            {
                errors.Invalid(Join(path, field), value, ValueRules.NotNegative);
            }
        }
    }

    public static void Port(this FieldErrors errors, string path, long value)
    {
        if (value is < 1 or > 65535)
        {
            errors.Invalid(path, value, ValueRules.PortRange);
        }
    }

    /// <summary>A port by number or name.</summary>
    public static void PortOrName(this FieldErrors errors, string path, JsonNode? value)
    {
        if (value is JsonValue number && number.AsInteger() is { } port)
        {
            errors.Port(path, port);
        }
        else if (value is null)
        {
            errors.Port(path, 0);
        }
        else
        {
            errors.Rule(path, value.ToString(), ValueRules.PortName(value.ToString()));
        }
    }

    /// <summary>One of some words; absent is an error of its own where the field has no default.</summary>
    public static void OneOf(this FieldErrors errors, string path, string? value, params ReadOnlySpan<string> known)
    {
        if (string.IsNullOrEmpty(value))
        {
            errors.Required(path);
        }
        else
        {
            errors.KnownOrAbsent(path, value, known);
        }
    }

    public static void KnownOrAbsent(this FieldErrors errors, string path, string? value, params ReadOnlySpan<string> known)
    {
        if (value is not null && known.IndexOf(value) < 0)
        {
            errors.NotSupported(path, value, known);
        }
    }

    public static void Address(this FieldErrors errors, string path, string? value)
    {
        if (!ValueRules.IsAddress(value, out _))
        {
            errors.Invalid(path, value ?? "", ValueRules.InvalidAddress);
        }
    }

    /// <summary>An address that is not special to the node it is used on.</summary>
    public static void PublicAddress(this FieldErrors errors, string path, string? value)
    {
        if (ValueRules.IsAddress(value, out var address))
        {
            errors.Rule(path, value!, ValueRules.Special(address, value!));
        }
        else
        {
            errors.Invalid(path, value ?? "", ValueRules.InvalidAddress);
        }
    }

    /// <summary>"example.com/name": whose it is, and what they call it.</summary>
    public static void DomainPath(this FieldErrors errors, string path, string value)
    {
        var parts = value.Split('/', 2);
        if (value.Length == 0)
        {
            errors.Required(path);
        }
        else if (parts.Length < 2 || parts[0].Length == 0 || parts[1].Length == 0)
        {
            errors.Invalid(path, value, "must be a domain-prefixed path (such as \"acme.io/foo\")");
        }
        else
        {
            errors.Rule(path, parts[0], NameRule.Subdomain.Errors(parts[0]));
            if (parts[1].Any(letter => !char.IsAsciiLetterOrDigit(letter) && !"/:@!$&'()*+,;=%-._~".Contains(letter, StringComparison.Ordinal)))
            {
                errors.Invalid(path, parts[1], @"Invalid path (regex used for validation is '[A-Za-z0-9/\-._~%!$&'()*+,;=:]+')");
            }
        }
    }

    public static void Key(this FieldErrors errors, string path, string value) => errors.Rule(path, value, Api.Selectors.LabelSyntax.KeyErrors(value));

    /// <summary>A count or a percentage, neither negative.</summary>
    public static void CountOrPercent(this FieldErrors errors, string path, JsonNode? value)
    {
        if (value is JsonValue number && number.AsInteger() is { } count)
        {
            if (count < 0)
            {
                errors.Invalid(path, count, ValueRules.NotNegative);
            }
        }
        else if (value is not null)
        {
            foreach (var problem in ValueRules.Percent(value.ToString()))
            {
                errors.InvalidRaw(path, GoValue.IntOrString(value), problem);
            }
        }
    }

    public static void AtMostAll(this FieldErrors errors, string path, JsonNode? value)
    {
        if (value?.ToString() is [.. var digits, '%'] && long.TryParse(digits, out var percent) && percent > 100)
        {
            errors.InvalidRaw(path, GoValue.IntOrString(value), "must not be greater than 100%");
        }
    }
}
