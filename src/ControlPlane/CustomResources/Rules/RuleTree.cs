using System.Text.Json.Nodes;
using Dataplane.ControlPlane.CustomResources.Schemas;
using Dataplane.ControlPlane.Machinery.Cel;

namespace Dataplane.ControlPlane.CustomResources.Rules;

/// <summary>The rules of a schema and of what is below it, compiled. Immutable; shared by all requests.</summary>
internal sealed class RuleTree
{
    private RuleTree(StructuralSchema schema, bool isResource)
    {
        Schema = schema;
        IsResource = isResource;
        var type = SchemaTypes.Of(schema, isResource);
        Rules = type is null ? [] : [.. ValidationRule.Of(schema).Where(rule => rule.Rule.Trim().Length > 0).Select(rule => new CompiledRule(rule, type, schema))];
        Items = schema.Items is { } items ? Of(items, items.IsEmbeddedResource) : null;
        Additional = schema.AdditionalProperties is { } additional ? Of(additional, additional.IsEmbeddedResource) : null;
        Properties = schema.Properties
            .Select(property => (property.Key, Tree: Of(property.Value, property.Value.IsEmbeddedResource)))
            .Where(property => property.Tree is not null)
            .ToDictionary(property => property.Key, property => property.Tree!, StringComparer.Ordinal);
    }

    public StructuralSchema Schema { get; }

    /// <summary>It is about a whole object.</summary>
    public bool IsResource { get; }

    public IReadOnlyList<CompiledRule> Rules { get; }

    public RuleTree? Items { get; }

    public RuleTree? Additional { get; }

    public IReadOnlyDictionary<string, RuleTree> Properties { get; }

    /// <summary>Null when there is no rule.</summary>
    public static RuleTree? Of(StructuralSchema schema, bool isResource)
    {
        var tree = new RuleTree(schema, isResource);
        return tree.Rules.Count > 0 || tree.Items is not null || tree.Additional is not null || tree.Properties.Count > 0 ? tree : null;
    }
}

/// <summary>A rule that can be evaluated.</summary>
internal sealed class CompiledRule
{
    public CompiledRule(ValidationRule rule, CelType type, StructuralSchema schema)
    {
        Rule = rule;
        Program = CelProgram.Compile(rule.Rule, rule.Variables(type), out var issues);
        Issues = issues;
        Message = rule.MessageExpression.Trim().Length > 0 ? CelProgram.Compile(rule.MessageExpression, rule.Variables(type), out _) : null;
        Path = rule.FieldPath.Length > 0 ? RulePath.Read(rule.FieldPath, schema) ?? "" : "";
    }

    public ValidationRule Rule { get; }

    /// <summary>Null for a rule that this server cannot read: another one has stored it.</summary>
    public CelProgram? Program { get; }

    public string Issues { get; }

    public CelProgram? Message { get; }

    /// <summary>Of the field that is told to be wrong, below the value; empty for the value.</summary>
    public string Path { get; }

    /// <summary>It speaks of the value before: there is nothing to check when there was none.</summary>
    public bool IsTransition => Program?.Uses("oldSelf") == true;
}
