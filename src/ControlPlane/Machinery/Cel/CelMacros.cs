namespace Dataplane.ControlPlane.Machinery.Cel;

/// <summary>Calls that are not calls: their arguments are not evaluated before.</summary>
internal static class CelMacros
{
    /// <summary>Null when the call is no macro.</summary>
    public static CelExpression? Expand(int position, CelExpression? target, string name, IReadOnlyList<CelExpression> arguments, CelIssues issues)
    {
        if (target is null)
        {
            return name == "has" && arguments.Count == 1 ? Has(position, arguments[0], issues) : null;
        }

        CelMacro? macro = (name, arguments.Count) switch
        {
            ("all", 2) => CelMacro.All,
            ("exists", 2) => CelMacro.Exists,
            ("exists_one" or "existsOne", 2) => CelMacro.ExistsOne,
            ("map", 2 or 3) => CelMacro.Map,
            ("filter", 2) => CelMacro.Filter,
            ("optMap", 2) => CelMacro.OptMap,
            ("optFlatMap", 2) => CelMacro.OptFlatMap,
            _ => null,
        };
        if (macro is not { } known)
        {
            return null;
        }

        if (arguments[0] is not CelIdentifier variable)
        {
            issues.Add(arguments[0].Position, "argument must be a simple name");
            return arguments[0];
        }

        return new CelComprehension(
            position, known, target, variable.Name, arguments[^1], arguments.Count == 3 ? arguments[1] : null);
    }

    private static CelExpression Has(int position, CelExpression argument, CelIssues issues)
    {
        if (argument is CelSelect { IsOptional: false } select)
        {
            return select with { Position = position, IsTest = true };
        }

        issues.Add(argument.Position, "invalid argument to has() macro");
        return argument;
    }
}
