using System.Globalization;
using System.Numerics;
using Dataplane.ControlPlane.Machinery.Cel;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.ControlPlane.Tests.Cel;

/// <summary>What holds for every text and for every sum.</summary>
public sealed class CelPropertyTests
{
    private static readonly Dictionary<string, CelType> NoVariables = [];

    private static readonly Gen<string> Pieces =
        from pieces in Gen.Elements(
            "self", "x", "1", "2u", "0x", "1.5", "'a'", "\"", "b'\\x41'", "'\\", "(", ")", "[", "]", "{", "}", ".", ",", "?", ":", "==", "<", "in", "&&", "||", "!",
            "-", "+", "%", "has", "all", ".map(", "true", "null", "//", "\n", " ", "ö", "😀", "\\u00", "=", "&", "\0").ListOf()
        select string.Concat(pieces);

    /// <summary>Integer expressions with what they are, in integers without an end.</summary>
    private static readonly Gen<(string Text, BigInteger? Value)> Sums = Gen.Sized(size => Sum(Math.Min(size, 5)));

    [Fact]
    public void EveryTextIsAnExpressionOrSaysWhyNot() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2000),
        Prop.ForAll(Pieces.ToArbitrary(), text =>
        {
            var program = CelProgram.Compile(text, NoVariables, out var issues);
            return program is null == issues.StartsWith("ERROR: <input>:", StringComparison.Ordinal);
        }));

    [Fact]
    public void WhatCompilesHasAValueOrAReason() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(1000),
        Prop.ForAll(Pieces.ToArbitrary(), text =>
        {
            try
            {
                CelProgram.Compile(text, NoVariables, out _)?.Evaluate(new Dictionary<string, object?>(), new CelCost(100_000));
                return true;
            }
            catch (CelException reason)
            {
                return reason.Message.Length > 0;
            }
        }));

    [Fact]
    public void SumsAreRightOrOverflow() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(1000),
        Prop.ForAll(Sums.ToArbitrary(), sum =>
        {
            var program = CelProgram.Compile(sum.Text, NoVariables, out var issues) ?? throw new InvalidOperationException(issues);
            try
            {
                return program.Evaluate(new Dictionary<string, object?>(), new CelCost(100_000)) is long value && sum.Value == value;
            }
            catch (CelException reason)
            {
                return sum.Value is null && reason.Message is "integer overflow" or "division by zero" or "modulus by zero";
            }
        }));

    private static Gen<(string Text, BigInteger? Value)> Sum(int depth) => depth == 0
        ? from number in Gen.OneOf(Gen.Choose(-9, 9).Select(small => (long)small), Gen.Elements(long.MaxValue, long.MinValue, 1L << 40, -(1L << 40)))
          select (number.ToString(CultureInfo.InvariantCulture), (BigInteger?)number)
        : from left in Sum(depth - 1)
          from right in Sum(depth / 2)
          from operation in Gen.Elements("+", "-", "*", "/", "%")
          select ($"({left.Text}) {operation} ({right.Text})", Compute(left.Value, operation, right.Value));

    private static BigInteger? Compute(BigInteger? left, string operation, BigInteger? right)
    {
        if (left is not { } a || right is not { } b || (operation is "/" or "%" && b.IsZero))
        {
            return null;
        }

        var value = operation switch { "+" => a + b, "-" => a - b, "*" => a * b, "/" => a / b, _ => a % b };
        return value >= long.MinValue && value <= long.MaxValue ? value : null;
    }
}
