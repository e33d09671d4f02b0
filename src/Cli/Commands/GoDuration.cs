using System.Globalization;

namespace Dataplane.Cli.Commands;

/// <summary>Durations as Kubernetes components take them on the command line: <c>1m30s</c>, <c>250ms</c>, <c>0</c> (Go, time.ParseDuration).</summary>
internal static class GoDuration
{
    private static readonly (string Unit, TimeSpan Length)[] Units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)), ("us", TimeSpan.FromMicroseconds(1)), ("h", TimeSpan.FromHours(1)),
        ("m", TimeSpan.FromMinutes(1)), ("s", TimeSpan.FromSeconds(1)),
    ];

    /// <exception cref="FormatException">Says what was expected.</exception>
    internal static TimeSpan Parse(string text)
    {
        if (text == "0")
        {
            return TimeSpan.Zero;
        }

        var rest = text.AsSpan();
        var total = TimeSpan.Zero;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                throw Malformed(text);
            }

            rest = rest[digits..];
            var known = false;
            foreach (var (unit, length) in Units)
            {
                if (rest.StartsWith(unit))
                {
                    total += length * number;
                    rest = rest[unit.Length..];
                    known = true;
                    break;
                }
            }

            if (!known)
            {
                throw Malformed(text);
            }
        }

        return text.Length > 0 ? total : throw Malformed(text);
    }

    private static FormatException Malformed(string text) => new($"\"{text}\" is no duration such as 30s, 250ms or 1m30s");
}
