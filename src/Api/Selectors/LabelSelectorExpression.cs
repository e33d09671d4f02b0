namespace Dataplane.Api.Selectors;

/// <summary>What a requirement asks of a label.</summary>
public enum LabelOperator
{
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

/// <summary>A label selector in the form of the <c>labelSelector</c> query parameter: requirements that must all hold.</summary>
/// <remarks>
/// <c>!=</c> and <c>notin</c> also match objects without the label. <c>=</c> and <c>==</c> are <c>in</c> with one value.
/// Source: Kubernetes documentation, "Labels and Selectors".
/// </remarks>
public sealed class LabelSelectorExpression
{
    /// <summary>Matches every object.</summary>
    public static readonly LabelSelectorExpression Everything = new([]);

    private readonly bool _nothing;

    private LabelSelectorExpression(IReadOnlyList<LabelRequirement> requirements, bool nothing = false)
    {
        Requirements = requirements;
        _nothing = nothing;
    }

    /// <summary>The requirements, ANDed.</summary>
    public IReadOnlyList<LabelRequirement> Requirements { get; }

    /// <summary>Reads a selector; the empty string matches everything.</summary>
    /// <exception cref="FormatException">Not a selector, in apimachinery's words.</exception>
    public static LabelSelectorExpression Parse(string text)
    {
        var requirements = new LabelSelectorReader(text).Read();
        return requirements.Count == 0 ? Everything : new LabelSelectorExpression(requirements);
    }

    /// <summary>The selector an object carries: empty matches everything, absent nothing.</summary>
    /// <exception cref="FormatException">An unknown operator, or values where none belong.</exception>
    public static LabelSelectorExpression Of(LabelSelector? selector)
    {
        if (selector is null)
        {
            return new LabelSelectorExpression([], nothing: true);
        }

        var requirements = new List<LabelRequirement>(selector.MatchLabels.Count + selector.MatchExpressions.Count);
        requirements.AddRange(selector.MatchLabels.Select(label => LabelRequirement.Equal(label.Key, label.Value)));
        foreach (var expression in selector.MatchExpressions)
        {
            requirements.Add(new LabelRequirement(
                expression.Key,
                expression.Operator switch
                {
                    "In" => LabelOperator.In,
                    "NotIn" => LabelOperator.NotIn,
                    "Exists" => LabelOperator.Exists,
                    "DoesNotExist" => LabelOperator.DoesNotExist,
                    _ => throw new FormatException($"\"{expression.Operator}\" is not a label selector operator"),
                },
                expression.Values));
        }

        return new LabelSelectorExpression(requirements);
    }

    /// <summary>Every label of a map, as services and replication controllers select: an empty map matches everything.</summary>
    public static LabelSelectorExpression OfLabels(IReadOnlyDictionary<string, string> labels) =>
        new([.. labels.Select(label => LabelRequirement.Equal(label.Key, label.Value))]);

    /// <summary>Whether all requirements hold.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        if (_nothing)
        {
            return false;
        }

        foreach (var requirement in Requirements)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The query parameter form, which <see cref="Parse"/> reads back.</summary>
    public override string ToString() => string.Join(',', Requirements);
}
