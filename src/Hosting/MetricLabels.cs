using System.Globalization;
using System.Text;

namespace Dataplane.Hosting;

/// <summary>Label sets in exposition form without braces: <c>a="1",b="x\"y"</c>.</summary>
internal static class MetricLabels
{
    internal static string Format(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
        {
            return "";
        }

        var text = new StringBuilder();
        foreach (var (name, value) in tags)
        {
            Append(text, name, Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
        }

        return text.ToString();
    }

    internal static string With(string labels, string name, string value)
    {
        var text = new StringBuilder(labels);
        Append(text, name, value);
        return text.ToString();
    }

    private static void Append(StringBuilder text, string name, string value)
    {
        if (text.Length > 0)
        {
            text.Append(',');
        }

        text.Append(name).Append("=\"").Append(value.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n")).Append('"');
    }
}
