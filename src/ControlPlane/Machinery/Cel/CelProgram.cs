namespace Dataplane.ControlPlane.Machinery.Cel;

/// <summary>An expression that was read and checked once, to be evaluated many times by many threads.</summary>
internal sealed class CelProgram
{
    private readonly CelExpression _expression;
    private readonly HashSet<string> _used;

    private CelProgram(CelExpression expression, CelType type, HashSet<string> used)
    {
        _expression = expression;
        _used = used;
        Type = type;
    }

    /// <summary>What it evaluates to.</summary>
    public CelType Type { get; }

    public bool Uses(string variable) => _used.Contains(variable);

    /// <param name="source">The expression.</param>
    /// <param name="variables">What it may name.</param>
    /// <param name="issues">What is wrong with it, when the result is null.</param>
    public static CelProgram? Compile(string source, IReadOnlyDictionary<string, CelType> variables, out string issues)
    {
        var found = new CelIssues(source);
        CelProgram? program = null;
        if (CelParser.Parse(source, found) is { } expression)
        {
            var checker = new CelChecker(found, variables);
            program = new CelProgram(expression, checker.Check(expression), checker.Used);
        }

        issues = found.ToString();
        return found.IsEmpty ? program : null;
    }

    /// <exception cref="CelException">It has no value for these variables.</exception>
    /// <exception cref="CelCostException">It costs more than it may.</exception>
    public object? Evaluate(IReadOnlyDictionary<string, object?> variables, CelCost cost) => new CelEvaluator(cost, variables).Evaluate(_expression);
}
