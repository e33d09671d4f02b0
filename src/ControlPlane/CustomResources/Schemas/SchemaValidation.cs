using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.CustomResources.Schemas;

/// <summary>Checks a value against a schema, in the words of kube-openapi's validator and apiextensions' translation of them.</summary>
internal sealed class SchemaValidation
{
    private readonly FieldErrors _errors = new();

    private SchemaValidation()
    {
    }

    /// <param name="value">The value.</param>
    /// <param name="schema">What it must satisfy.</param>
    /// <param name="field">Path of the value; empty for a whole object.</param>
    public static IReadOnlyList<FieldError> Validate(JsonNode? value, StructuralSchema schema, string field = "")
    {
        var validation = new SchemaValidation();
        validation.Check(value, schema, field);
        return validation._errors.All;
    }

    private void Check(JsonNode? value, StructuralSchema schema, string field)
    {
        if (value is null)
        {
            if (!schema.Nullable && schema.Type.Length > 0)
            {
                TypeMismatch(field, "null", schema.Type);
            }

            return;
        }

        if (!CheckType(value, schema, field))
        {
            return;
        }

        CheckEnum(value, schema, field);
        switch (value)
        {
            case JsonObject obj:
                CheckObject(obj, schema, field);
                break;
            case JsonArray list:
                CheckList(list, schema, field);
                break;
            case JsonValue scalar when scalar.TryGetValue<string>(out var text):
                CheckText(text, schema, field);
                break;
            case JsonValue scalar when JsonNumber.TryRead(scalar, out var number):
                CheckNumber(number, schema, field);
                break;
        }

        CheckJunctors(value, schema, field);
    }

    private bool CheckType(JsonNode value, StructuralSchema schema, string field)
    {
        var actual = TypeOf(value);
        if (schema.IsIntOrString)
        {
            if (actual is "integer" or "string")
            {
                return true;
            }

            TypeMismatch(field, actual, "integer,string");
            return false;
        }

        if (schema.Type.Length == 0 || schema.Type == actual || (schema.Type == "number" && actual == "integer"))
        {
            return true;
        }

        TypeMismatch(field, actual, schema.Type);
        return false;
    }

    private void TypeMismatch(string field, string actual, string wanted) =>
        _errors.Add(Path(field), "FieldValueTypeInvalid", $"Invalid value: \"{actual}\": {field} in body must be of type {wanted}: \"{actual}\"");

    private void CheckEnum(JsonNode value, StructuralSchema schema, string field)
    {
        if (schema.Enum is { } allowed && !allowed.Any(item => JsonNode.DeepEquals(item, value)))
        {
            var values = allowed.Select(item =>
                $"\"{(item is JsonValue text && text.TryGetValue<string>(out var plain) ? plain : item?.ToJsonString() ?? "null")}\"");
            _errors.Add(Path(field), "FieldValueNotSupported", $"Unsupported value: {Shown(value)}: supported values: {string.Join(", ", values)}");
        }
    }

    private void CheckText(string text, StructuralSchema schema, string field)
    {
        var length = text.EnumerateRunes().Count();
        if (schema.Number("maxLength") is { } most && length > most)
        {
            _errors.Add(
                Path(field), "FieldValueTooLong", string.Create(CultureInfo.InvariantCulture, $"Too long: may not be more than {most} bytes"));
        }

        if (schema.Number("minLength") is { } least && length < least)
        {
            Invalid(field, text, string.Create(CultureInfo.InvariantCulture, $"should be at least {least} chars long"));
        }

        if (schema.Expression is { } pattern && !pattern.IsMatch(text))
        {
            Invalid(field, text, $"should match '{schema.Pattern}'");
        }

        if (schema.Format.Length > 0 && !ValueFormats.IsValid(schema.Format, text))
        {
            Invalid(field, text, $"must be of type {schema.Format}: {Shown(text)}");
        }
    }

    private void CheckNumber(double number, StructuralSchema schema, string field)
    {
        if (schema.Number("maximum") is { } most && (schema.Flag("exclusiveMaximum") ? number >= most : number > most))
        {
            Invalid(field, number, $"should be less than {(schema.Flag("exclusiveMaximum") ? "" : "or equal to ")}{JsonNumber.Format(most)}");
        }

        if (schema.Number("minimum") is { } least && (schema.Flag("exclusiveMinimum") ? number <= least : number < least))
        {
            Invalid(field, number, $"should be greater than {(schema.Flag("exclusiveMinimum") ? "" : "or equal to ")}{JsonNumber.Format(least)}");
        }

        if (schema.Number("multipleOf") is { } factor && factor != 0 && number / factor != Math.Floor(number / factor))
        {
            Invalid(field, number, $"should be a multiple of {JsonNumber.Format(factor)}");
        }

        if ((schema.Format == "int32" && number is < int.MinValue or > int.MaxValue)
            || (schema.Format == "int64" && Math.Abs(number) > long.MaxValue))
        {
            Invalid(field, number, $"must be of type {schema.Format}: {JsonNumber.Format(number)}");
        }
    }

    private void CheckList(JsonArray list, StructuralSchema schema, string field)
    {
        if (schema.Number("maxItems") is { } most && list.Count > most)
        {
            TooMany(field, list.Count, most);
        }

        if (schema.Number("minItems") is { } least && list.Count < least)
        {
            Invalid(field, list.Count, string.Create(CultureInfo.InvariantCulture, $"should have at least {least} items"));
        }

        if (schema.Items is { } items)
        {
            for (var i = 0; i < list.Count; i++)
            {
                Check(list[i], items, $"{field}[{i}]");
            }
        }

        ListUniqueness.Check(list, schema, field, _errors);
    }

    private void CheckObject(JsonObject obj, StructuralSchema schema, string field)
    {
        if (schema.Number("maxProperties") is { } most && obj.Count > most)
        {
            TooMany(field, obj.Count, most);
        }

        if (schema.Number("minProperties") is { } least && obj.Count < least)
        {
            Invalid(field, obj.Count, string.Create(CultureInfo.InvariantCulture, $"should have at least {least} properties"));
        }

        foreach (var (name, value) in obj)
        {
            if (field.Length == 0 && name == "metadata" && schema.Properties.TryGetValue(name, out var metadata) && metadata.Properties.Count == 0)
            {
                continue;
            }

            if ((schema.Properties.GetValueOrDefault(name) ?? schema.AdditionalProperties) is { } property)
            {
                Check(value, property, Child(field, name));
            }
        }

        foreach (var name in schema.Required.Where(name => !obj.ContainsKey(name)))
        {
            _errors.Required(Child(field, name));
        }

        if (schema.IsEmbeddedResource)
        {
            foreach (var name in new[] { "apiVersion", "kind" }.Where(name => obj.Text(name) is null or ""))
            {
                _errors.Required(Child(field, name), "must not be empty");
            }
        }
    }

    /// <summary>allOf, anyOf, oneOf and not. A failure of the whole names no field, as upstream.</summary>
    private void CheckJunctors(JsonNode value, StructuralSchema schema, string field)
    {
        // int-or-string is often written as anyOf of the two types: that has been checked.
        if (schema.AnyOf.Count > 0 && !schema.IsIntOrString)
        {
            var failures = schema.AnyOf.Select(option => Validate(value, option, field)).ToArray();
            if (failures.All(failure => failure.Count > 0))
            {
                Whole($"\"{field}\" must validate at least one schema (anyOf)");
                AddAll(failures.MinBy(failure => failure.Count)!);
            }
        }

        if (schema.OneOf.Count > 0)
        {
            var failures = schema.OneOf.Select(option => Validate(value, option, field)).ToArray();
            var valid = failures.Count(failure => failure.Count == 0);
            if (valid != 1)
            {
                var found = valid == 0 ? "Found none valid" : $"Found {valid} valid alternatives";
                Whole($"\"{field}\" must validate one and only one schema (oneOf). {found}");
            }

            if (valid == 0)
            {
                AddAll(failures.MinBy(failure => failure.Count)!);
            }
        }

        if (schema.AllOf.Count > 0)
        {
            var failures = schema.AllOf.SelectMany(part => Validate(value, part, field)).ToArray();
            AddAll(failures);
            if (failures.Length > 0)
            {
                Whole($"\"{field}\" must validate all the schemas (allOf)");
            }
        }

        if (schema.Not is { } not && Validate(value, not, field).Count == 0)
        {
            Whole($"\"{field}\" must not validate the schema (not)");
        }
    }

    private void Whole(string message) => _errors.Invalid("<nil>", "", message);

    private void AddAll(IEnumerable<FieldError> failures)
    {
        foreach (var failure in failures)
        {
            _errors.Add(failure.Field, failure.Reason, failure.Text);
        }
    }

    private void Invalid(string field, string value, string message) => _errors.Invalid(Path(field), value, $"{field} in body {message}");

    private void Invalid(string field, double value, string message) =>
        _errors.InvalidRaw(Path(field), JsonNumber.Format(value), $"{field} in body {message}");

    private void TooMany(string field, int count, double most) =>
        _errors.Add(
            Path(field), "FieldValueTooMany", string.Create(CultureInfo.InvariantCulture, $"Too many: {count}: must have at most {most} items"));

    private static string Path(string field) => field.Length == 0 ? "<nil>" : field;

    private static string Child(string field, string name) => field.Length == 0 ? name : $"{field}.{name}";

    private static string Shown(JsonNode value) => ObjectJson.Text(ObjectJson.Encode(value));

    private static string TypeOf(JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        _ => JsonNumber.TryRead(value.AsValue(), out var number) && number == Math.Floor(number) ? "integer" : "number",
    };
}
