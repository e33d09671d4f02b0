namespace Dataplane.ControlPlane.Machinery.Cel;

internal enum CelTokenKind
{
    End,
    Identifier,
    Integer,
    Unsigned,
    Double,
    Text,
    Bytes,

    /// <summary>An operator, a bracket, or one of the words true, false, null and in.</summary>
    Symbol,
}

/// <summary>A piece of an expression.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Position">Index of its first character in the source.</param>
/// <param name="Text">As it is written.</param>
/// <param name="Value">Of a literal: long, ulong, double, string or byte[].</param>
internal readonly record struct CelToken(CelTokenKind Kind, int Position, string Text, object? Value = null)
{
    public bool Is(string symbol) => Kind == CelTokenKind.Symbol && Text == symbol;
}
