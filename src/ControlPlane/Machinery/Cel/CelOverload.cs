namespace Dataplane.ControlPlane.Machinery.Cel;

/// <summary>One signature of a function and what it does.</summary>
internal sealed class CelOverload
{
    private readonly Func<object?[], CelCost, object?> _body;

    /// <param name="name">The function; "string.size" for one that is called on a value.</param>
    /// <param name="signature">"(list(A), int) -> A"; of a member the value it is called on comes first.</param>
    /// <param name="body">Gets values of these types. Throws <see cref="CelException"/>.</param>
    public CelOverload(string name, string signature, Func<object?[], CelCost, object?> body)
    {
        IsMember = name.StartsWith('.');
        Name = name.TrimStart('.');
        var arrow = signature.IndexOf("->", StringComparison.Ordinal);
        var arguments = signature[..arrow].Trim();
        Parameters = [.. CelType.SplitTop(arguments[1..^1]).Select(CelType.Parse)];
        Result = CelType.Parse(signature[(arrow + 2)..].Trim());
        _body = body;
    }

    public string Name { get; }

    public bool IsMember { get; }

    public IReadOnlyList<CelType> Parameters { get; }

    public CelType Result { get; }

    /// <summary>Whether these values are what it takes.</summary>
    public bool Accepts(object?[] values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (!CelValue.Is(values[i], Parameters[i]))
            {
                return false;
            }
        }

        return true;
    }

    public object? Call(object?[] values, CelCost cost) => _body(values, cost);
}
