using System.Globalization;

namespace Dataplane.Api;

/// <summary>Durations as Kubernetes components take them on the command line: <c>1m30s</c>, <c>250ms</c>, <c>0</c> (Go, time.ParseDuration).</summary>
public static class GoDuration
{
    private static readonly (string Unit, TimeSpan Length)[] Units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)), ("us", TimeSpan.FromMicroseconds(1)), ("h", TimeSpan.FromHours(1)),
        ("m", TimeSpan.FromMinutes(1)), ("s", TimeSpan.FromSeconds(1)),
    ];

    /// <exception cref="FormatException">Says what was expected.</exception>
    public static TimeSpan Parse(string text)
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

    /// <summary>As Go prints one, as far as configuration needs it: <c>15m0s</c>, <c>30s</c>, <c>0s</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        var seconds = duration.TotalSeconds - (60 * Math.Floor(duration.TotalMinutes));
        var text = duration >= TimeSpan.FromHours(1) ? string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(duration.TotalHours)}h{duration.Minutes}m")
            : duration >= TimeSpan.FromMinutes(1) ? string.Create(CultureInfo.InvariantCulture, $"{duration.Minutes}m")
            : "";
        return duration < TimeSpan.FromSeconds(1) && duration > TimeSpan.Zero
            ? string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds}ms")
            : string.Create(CultureInfo.InvariantCulture, $"{text}{seconds}s");
    }

    private static FormatException Malformed(string text) => new($"\"{text}\" is no duration such as 30s, 250ms or 1m30s");
}
