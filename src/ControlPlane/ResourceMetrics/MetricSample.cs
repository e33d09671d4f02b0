using System.Globalization;
using System.Text;

namespace Dataplane.ControlPlane.ResourceMetrics;

/// <summary>One line of the Prometheus text format that is no comment: <c>name{label="value",...} number [milliseconds]</c>.</summary>
/// <param name="Name">Of the metric.</param>
/// <param name="Labels">Their values without escapes.</param>
/// <param name="Value">Finite.</param>
/// <param name="Time">When it was measured; null where the line does not say.</param>
internal sealed record MetricSample(string Name, IReadOnlyDictionary<string, string> Labels, double Value, DateTimeOffset? Time)
{
    private static readonly long LatestMilliseconds = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>The name alone, for who looks for certain ones.</summary>
    public static ReadOnlySpan<char> NameOf(ReadOnlySpan<char> line) => line.IndexOfAny("{ \t") is var end and >= 0 ? line[..end] : line;

    /// <exception cref="FormatException">Another form; the message shows the line.</exception>
    public static MetricSample Parse(ReadOnlySpan<char> line)
    {
        var name = NameOf(line);
        var rest = line[name.Length..];
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        if (name.IsEmpty || (rest is ['{', ..] && !ReadLabels(ref rest, labels)))
        {
            throw Malformed(line);
        }

        Span<Range> words = stackalloc Range[3];
        var count = rest.SplitAny(words, " \t", StringSplitOptions.RemoveEmptyEntries);
        if (count is not (1 or 2) || !double.TryParse(rest[words[0]], NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !double.IsFinite(value))
        {
            throw Malformed(line);
        }

        if (count == 1)
        {
            return new MetricSample(name.ToString(), labels, value, null);
        }

        return long.TryParse(rest[words[1]], NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds <= LatestMilliseconds
            ? new MetricSample(name.ToString(), labels, value, DateTimeOffset.FromUnixTimeMilliseconds(milliseconds))
            : throw Malformed(line);
    }

    /// <summary>Goes behind the closing brace.</summary>
    private static bool ReadLabels(ref ReadOnlySpan<char> rest, Dictionary<string, string> labels)
    {
        rest = rest[1..];
        while (rest is not ['}', ..])
        {
            var equals = rest.IndexOf("=\"");
            if (equals < 0)
            {
                return false;
            }

            var label = rest[..equals].Trim().ToString();
            rest = rest[(equals + 2)..];
            if (ReadValue(ref rest) is not { } value)
            {
                return false;
            }

            labels[label] = value;
            rest = rest.TrimStart();
            if (rest is [',', ..])
            {
                rest = rest[1..].TrimStart();
            }
            else if (rest is not ['}', ..])
            {
                return false;
            }
        }

        rest = rest[1..];
        return true;
    }

    /// <summary>Goes behind the closing quote; null without one.</summary>
    private static string? ReadValue(ref ReadOnlySpan<char> rest)
    {
        var value = new StringBuilder();
        while (rest.IndexOfAny('"', '\\') is var at and >= 0)
        {
            value.Append(rest[..at]);
            if (rest[at] == '"')
            {
                rest = rest[(at + 1)..];
                return value.ToString();
            }

            if (at + 1 == rest.Length)
            {
                return null;
            }

            value.Append(rest[at + 1] == 'n' ? '\n' : rest[at + 1]);
            rest = rest[(at + 2)..];
        }

        return null;
    }

    private static FormatException Malformed(ReadOnlySpan<char> line) => new($"\"{line}\" is no line of metrics such as name{{label=\"value\"}} 1");
}
