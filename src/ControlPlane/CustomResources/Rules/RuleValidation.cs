using System.Text;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.CustomResources.Schemas;
using Dataplane.ControlPlane.Machinery.Cel;
using Dataplane.ControlPlane.Machinery.Errors;

namespace Dataplane.ControlPlane.CustomResources.Rules;

/// <summary>Evaluates rules on an object, in the words of apiextensions' CEL validator.</summary>
internal sealed class RuleValidation
{
    /// <summary>What the rules of one object may cost together, and one of them.</summary>
    private const long ObjectBudget = 10_000_000;
    private const long CallBudget = 1_000_000;

    private const int LongestMessage = 5 * 1024;

    private readonly FieldErrors _errors;
    private long _budget = ObjectBudget;

    private RuleValidation(FieldErrors errors) => _errors = errors;

    /// <param name="rules">Of the object's schema.</param>
    /// <param name="obj">The object.</param>
    /// <param name="old">What it takes the place of; null when it is new.</param>
    /// <param name="errors">Gets what is wrong. What was as wrong before, and is as it was, is left out.</param>
    public static void Validate(RuleTree rules, JsonObject obj, JsonObject? old, FieldErrors errors) =>
        new RuleValidation(errors).Check(rules, obj, old, "", isUnchanged: false);

    private bool IsSpent => _budget < 0;

    /// <param name="tree">The rules.</param>
    /// <param name="value">What they are about.</param>
    /// <param name="old">The same part of the object before; null when there was none or it cannot be told which it was.</param>
    /// <param name="field">Path of the value.</param>
    /// <param name="isUnchanged">The whole it is part of is as it was.</param>
    private void Check(RuleTree tree, JsonNode? value, JsonNode? old, string field, bool isUnchanged)
    {
        if (value is null || IsSpent)
        {
            return;
        }

        isUnchanged = old is null ? isUnchanged : isUnchanged || JsonNode.DeepEquals(value, old);
        CheckRules(tree, value, old, field, isUnchanged);
        switch (value)
        {
            case JsonArray list when tree.Items is { } items:
                for (var i = 0; i < list.Count; i++)
                {
                    Check(items, list[i], Before(list[i], old as JsonArray, tree.Schema), $"{field}[{i}]", isUnchanged);
                }

                break;
            case JsonObject obj:
                var before = tree.Schema.MapType == "atomic" ? null : old as JsonObject;
                foreach (var (name, part) in obj)
                {
                    if (tree.Properties.TryGetValue(name, out var property))
                    {
                        Check(property, part, before?[name], field.Length == 0 ? name : $"{field}.{name}", isUnchanged);
                    }
                    else if (tree.Additional is { } additional)
                    {
                        Check(additional, part, before?[name], $"{field}[{name}]", isUnchanged);
                    }
                }

                break;
        }
    }

    /// <summary>Only items of lists that are maps can be told to be the same as before.</summary>
    private static JsonNode? Before(JsonNode? item, JsonArray? old, StructuralSchema schema) =>
        schema.ListType == "map" && old is not null && item is JsonObject obj
            ? old.OfType<JsonObject>().FirstOrDefault(other => schema.ListMapKeys.All(key => JsonNode.DeepEquals(other[key], obj[key])))
            : null;

    private void CheckRules(RuleTree tree, JsonNode value, JsonNode? old, string field, bool isUnchanged)
    {
        if (tree.Rules.Count == 0)
        {
            return;
        }

        var variables = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var rule in tree.Rules)
        {
            if (rule.IsTransition && old is null && rule.Rule.OptionalOldSelf != true)
            {
                continue;
            }

            if (rule.Program is not { } program)
            {
                Invalid(tree, field, $"rule compile error: compilation failed: {rule.Issues}");
                continue;
            }

            if (_budget <= 0)
            {
                Exhausted(tree, field);
                return;
            }

            try
            {
                Set(variables, tree, rule, value, old);
                if (Evaluate(program, variables) is true)
                {
                    continue;
                }

                if (IsSpent)
                {
                    Exhausted(tree, field);
                    return;
                }
            }
            catch (CelException error) when (error.Message.StartsWith("no such overload", StringComparison.Ordinal))
            {
                Invalid(
                    tree, field,
                    $"'{error.Message}': call arguments did not match a supported operator, function or macro signature for rule: {rule.Rule.Shown}");
                continue;
            }
            catch (CelCostException error)
            {
                Invalid(
                    tree, field, $"'{error.Message}': no further validation rules will be run due to call cost exceeds limit for rule: {rule.Rule.Shown}");
                _budget = -1;
                return;
            }
            catch (CelException error)
            {
                Invalid(tree, field, $"{error.Message} evaluating rule: {rule.Rule.Shown}");
                continue;
            }

            if (rule.IsTransition || !isUnchanged)
            {
                Report(tree, rule, field, Detail(rule, variables));
            }
        }
    }

    private static void Set(Dictionary<string, object?> variables, RuleTree tree, CompiledRule rule, JsonNode value, JsonNode? old)
    {
        if (!variables.ContainsKey("self"))
        {
            variables["self"] = SchemaValues.Of(value, tree.Schema, tree.IsResource);
        }

        var before = old is null ? null : SchemaValues.Of(old, tree.Schema, tree.IsResource);
        variables["oldSelf"] = rule.Rule.OptionalOldSelf == true ? old is null ? CelOptional.None : CelOptional.Some(before) : before;
    }

    private object? Evaluate(CelProgram program, Dictionary<string, object?> variables)
    {
        var cost = new CelCost(CallBudget);
        try
        {
            return program.Evaluate(variables, cost);
        }
        finally
        {
            _budget -= cost.Spent;
        }
    }

    /// <summary>The message of a rule that does not hold: that of its expression, if it makes one.</summary>
    private string Detail(CompiledRule rule, Dictionary<string, object?> variables)
    {
        if (rule.Message is { } message)
        {
            try
            {
                if (Evaluate(message, variables) is string text && text.Trim() is { Length: > 0 } made
                    && Encoding.UTF8.GetByteCount(made) <= LongestMessage && !made.Contains('\n', StringComparison.Ordinal))
                {
                    return made;
                }
            }
            catch (Exception error) when (error is CelException or CelCostException)
            {
                // Upstream logs it and takes the rule's own message.
            }
        }

        return rule.Rule.Message.Length > 0 ? rule.Rule.Message.Trim() : $"failed rule: {rule.Rule.Rule.Trim()}";
    }

    private void Report(RuleTree tree, CompiledRule rule, string field, string detail)
    {
        var path = rule.Path.Length == 0 ? Path(field) : field.Length == 0 ? rule.Path : $"{field}.{rule.Path}";
        switch (rule.Rule.Reason)
        {
            case "FieldValueForbidden":
                _errors.Forbidden(path, detail);
                break;
            case "FieldValueRequired":
                _errors.Required(path, detail);
                break;
            case "FieldValueDuplicate":
                _errors.Duplicate(path, tree.Schema.Type);
                break;
            default:
                _errors.Invalid(path, tree.Schema.Type, detail);
                break;
        }
    }

    private void Exhausted(RuleTree tree, string field)
    {
        Invalid(tree, field, "validation failed due to running out of cost budget, no further validation rules will be run");
        _budget = -1;
    }

    private void Invalid(RuleTree tree, string field, string message) => _errors.Invalid(Path(field), tree.Schema.Type, message);

    private static string Path(string field) => field.Length == 0 ? "<nil>" : field;
}
