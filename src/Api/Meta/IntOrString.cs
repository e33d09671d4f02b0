using System.Globalization;

namespace Dataplane.Api;

/// <summary>A number or a string: a port or its name, a count or a percentage.</summary>
public readonly record struct IntOrString
{
    /// <summary>A number.</summary>
    public IntOrString(int number) => Number = number;

    /// <summary>A string.</summary>
    public IntOrString(string text) => Text = text;

    /// <summary>The string, or null when this is a number.</summary>
    public string? Text { get; }

    /// <summary>The number; 0 when this is a string.</summary>
    public int Number { get; }

    /// <summary>Whether a string was given.</summary>
    public bool IsString => Text is not null;

    public static implicit operator IntOrString(int number) => new(number);

    public static implicit operator IntOrString(string text) => new(text);

    /// <summary>A number as it is, or a percentage of <paramref name="total"/>.</summary>
    /// <exception cref="FormatException">A string that is not a percentage.</exception>
    public int Scale(int total, bool roundUp)
    {
        if (Text is null)
        {
            return Number;
        }

        var digits = Text.AsSpan().TrimEnd('%');
        if (digits.Length != Text.Length - 1 || !int.TryParse(digits, NumberStyles.Integer, CultureInfo.InvariantCulture, out var percent))
        {
            throw new FormatException($"\"{Text}\" is neither a number nor a percentage");
        }

        var scaled = percent * (long)total;
        return (int)(roundUp ? (scaled + 99) / 100 : scaled / 100);
    }

    /// <inheritdoc/>
    public override string ToString() => Text ?? Number.ToString(CultureInfo.InvariantCulture);
}
