using Dataplane.ControlPlane.CustomResources.Schemas;
using Dataplane.ControlPlane.Machinery.Cel;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.CustomResources.Rules;

/// <summary>What is wrong with the rules of a schema, told when the definition is written. Source: apiextensions' validation.</summary>
internal sealed class RuleChecks(FieldErrors errors)
{
    private static readonly string[] Reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

    public void Check(StructuralSchema schema, string field) => Check(schema, field, isResource: true, uncorrelatable: null);

    /// <param name="schema">The schema.</param>
    /// <param name="field">Where it stands.</param>
    /// <param name="isResource">It is that of a whole object.</param>
    /// <param name="uncorrelatable">The list or map above it whose parts cannot be told apart over time; null for none.</param>
    private void Check(StructuralSchema schema, string field, bool isResource, string? uncorrelatable)
    {
        var rules = ValidationRule.Of(schema);
        if (rules.Count > 0)
        {
            if (SchemaTypes.Of(schema, isResource) is { } type)
            {
                for (var i = 0; i < rules.Count; i++)
                {
                    CheckRule(rules[i], schema, type, $"{field}.{ValidationRule.Field}[{i}]", uncorrelatable);
                }
            }
            else
            {
                errors.Add(
                    $"{field}.{ValidationRule.Field}", "InternalError",
                    $"Internal error: rule declared on schema that does not support validation rules type: '{schema.Type}' "
                    + $"x-kubernetes-preserve-unknown-fields: '{(schema.PreservesUnknownFields ? "true" : "false")}'");
            }
        }

        var below = uncorrelatable ?? (schema.MapType == "atomic" ? field : null);
        foreach (var (name, property) in schema.Properties)
        {
            Check(property, $"{field}.properties[{name}]", property.IsEmbeddedResource, below);
        }

        if (schema.AdditionalProperties is { } additional)
        {
            Check(additional, $"{field}.additionalProperties", additional.IsEmbeddedResource, below);
        }

        if (schema.Items is { } items)
        {
            Check(items, $"{field}.items", items.IsEmbeddedResource, below ?? (schema.ListType == "map" ? null : field));
        }
    }

    private void CheckRule(ValidationRule rule, StructuralSchema schema, CelType type, string field, string? uncorrelatable)
    {
        CheckTexts(rule, schema, field);
        if (rule.Rule.Trim().Length == 0)
        {
            errors.Required($"{field}.rule", "rule is not specified");
            return;
        }

        var variables = rule.Variables(type);
        if (CelProgram.Compile(rule.Rule, variables, out var issues) is not { } program)
        {
            errors.InvalidRaw($"{field}.rule", rule.ToString(), $"compilation failed: {issues}");
        }
        else if (program.Type.Kind != CelKind.Bool)
        {
            errors.InvalidRaw($"{field}.rule", rule.ToString(), "cel expression must evaluate to a bool");
        }
        else
        {
            CheckTransition(rule, program, field, uncorrelatable);
        }

        if (rule.MessageExpression.Trim().Length > 0)
        {
            var message = CelProgram.Compile(rule.MessageExpression, variables, out issues);
            if (message is null)
            {
                errors.InvalidRaw($"{field}.messageExpression", rule.ToString(), $"messageExpression compilation failed: {issues}");
            }
            else if (message.Type.Kind != CelKind.Text)
            {
                errors.InvalidRaw($"{field}.messageExpression", rule.ToString(), "messageExpression must evaluate to a string");
            }
        }
    }

    private void CheckTransition(ValidationRule rule, CelProgram program, string field, string? uncorrelatable)
    {
        if (!program.Uses("oldSelf"))
        {
            if (rule.OptionalOldSelf is { } optional)
            {
                errors.InvalidRaw($"{field}.optionalOldSelf", optional ? "true" : "false", "may not be set if oldSelf is not used in rule");
            }
        }
        else if (uncorrelatable is not null)
        {
            errors.Invalid($"{field}.rule", rule.Rule, $"oldSelf cannot be used on the uncorrelatable portion of the schema within {uncorrelatable}");
        }
    }

    private void CheckTexts(ValidationRule rule, StructuralSchema schema, string field)
    {
        var message = rule.Message.Trim();
        if (rule.Message.Length > 0 && message.Length == 0)
        {
            errors.Invalid($"{field}.message", rule.Message, "message must be non-empty if specified");
        }
        else if (message.Contains('\n', StringComparison.Ordinal))
        {
            errors.Invalid($"{field}.message", rule.Message, "message must not contain line breaks");
        }
        else if (rule.Rule.Trim().Contains('\n', StringComparison.Ordinal) && message.Length == 0)
        {
            errors.Required($"{field}.message", "message must be specified if rule contains line breaks");
        }

        if (rule.MessageExpression.Length > 0 && rule.MessageExpression.Trim().Length == 0)
        {
            errors.Required($"{field}.messageExpression", "messageExpression must be non-empty if specified");
        }

        if (rule.Reason is { } reason && !Reasons.Contains(reason))
        {
            errors.NotSupported($"{field}.reason", reason, Reasons);
        }

        if (rule.FieldPath.Length == 0)
        {
            return;
        }

        if (rule.FieldPath.Trim().Length == 0)
        {
            errors.Invalid($"{field}.fieldPath", rule.FieldPath, "fieldPath must be non-empty if specified");
        }
        else if (rule.FieldPath.Contains('\n', StringComparison.Ordinal))
        {
            errors.Invalid($"{field}.fieldPath", rule.FieldPath, "fieldPath must not contain line breaks");
        }
        else if (RulePath.Read(rule.FieldPath, schema) is null)
        {
            errors.Invalid($"{field}.fieldPath", rule.FieldPath, "fieldPath must be a valid path");
        }
    }
}
