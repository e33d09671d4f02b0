using System.Text.Json.Nodes;
using Dataplane.ControlPlane.CustomResources.Schemas;
using Dataplane.ControlPlane.Machinery.Cel;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.CustomResources.Rules;

/// <summary>One of a schema's x-kubernetes-validations, as it is written.</summary>
internal sealed class ValidationRule
{
    public const string Field = "x-kubernetes-validations";

    private ValidationRule(JsonObject source)
    {
        Rule = source.Text("rule") ?? "";
        Message = source.Text("message") ?? "";
        MessageExpression = source.Text("messageExpression") ?? "";
        Reason = source.Text("reason");
        FieldPath = source.Text("fieldPath") ?? "";
        OptionalOldSelf = source.Boolean("optionalOldSelf");
    }

    public string Rule { get; }

    public string Message { get; }

    public string MessageExpression { get; }

    public string? Reason { get; }

    /// <summary>Below the value the rule is about, ".a['b']"; empty for the value itself.</summary>
    public string FieldPath { get; }

    public bool? OptionalOldSelf { get; }

    /// <summary>How errors name it.</summary>
    public string Shown => Message.Length > 0 ? Message.Trim() : Rule.Trim();

    public static IReadOnlyList<ValidationRule> Of(StructuralSchema schema) => [.. schema.Source.Objects(Field).Select(rule => new ValidationRule(rule))];

    /// <summary>What an expression may name: the value, and the one it takes the place of.</summary>
    public Dictionary<string, CelType> Variables(CelType self) => new(StringComparer.Ordinal)
    {
        ["self"] = self,
        ["oldSelf"] = OptionalOldSelf == true ? CelType.Optional(self) : self,
    };

    /// <summary>The rule in Go's own syntax.</summary>
    public override string ToString() =>
        $"apiextensions.ValidationRule{{Rule:{GoValue.Quote(Rule)}, Message:{GoValue.Quote(Message)}, MessageExpression:{GoValue.Quote(MessageExpression)}, "
        + $"Reason:(*apiextensions.FieldValueErrorReason)(nil), FieldPath:{GoValue.Quote(FieldPath)}, OptionalOldSelf:(*bool)(nil)}}";
}
