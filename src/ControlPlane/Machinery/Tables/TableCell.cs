using System.Globalization;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Machinery.Tables;

/// <summary>Cells that many tables share.</summary>
internal static class TableCell
{
    public static JsonNode Name(JsonObject obj) => obj.Text("metadata", "name") ?? "";

    public static JsonNode Age(JsonObject obj, DateTimeOffset now) => Since(obj.Timestamp("metadata", "creationTimestamp"), now);

    /// <summary>"5m", "&lt;unknown&gt;" without a time.</summary>
    public static string Since(DateTimeOffset? time, DateTimeOffset now) => time is { } then ? Duration(now - then) : "<unknown>";

    public static JsonNode Count(JsonObject obj, params ReadOnlySpan<string> path) => obj.Integer(path) ?? 0;

    public static string OrNone(string? text) => string.IsNullOrEmpty(text) ? "<none>" : text;

    /// <summary>A map as "a=b,c=d" in key order.</summary>
    public static string Labels(IReadOnlyDictionary<string, string> labels) =>
        OrNone(string.Join(",", labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}")));

    public static string ContainerNames(JsonObject obj) => Joined(obj.Objects("spec", "template", "spec", "containers"), "name");

    public static string Images(JsonObject obj) => Joined(obj.Objects("spec", "template", "spec", "containers"), "image");

    /// <summary>A field of each of several objects.</summary>
    public static string Joined(IEnumerable<JsonObject> objects, string field) => string.Join(",", objects.Select(obj => obj.Text(field)));

    /// <summary>A metav1.LabelSelector the way kubectl prints it.</summary>
    public static string Selector(JsonObject obj)
    {
        var terms = obj.StringMap("spec", "selector", "matchLabels").OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}");
        var expressions = obj.Objects("spec", "selector", "matchExpressions").Select(expression =>
        {
            var key = expression.Text("key");
            var values = string.Join(",", expression.Texts("values").Order(StringComparer.Ordinal));
            return expression.Text("operator") switch
            {
                "In" => $"{key} in ({values})",
                "NotIn" => $"{key} notin ({values})",
                "Exists" => key,
                _ => "!" + key,
            };
        });
        return OrNone(string.Join(",", terms.Concat(expressions!)));
    }

    /// <summary>One or two units, as coarse as apimachinery's HumanDuration.</summary>
    public static string Duration(TimeSpan time)
    {
        var seconds = (long)Math.Floor(time.TotalSeconds);
        if (seconds < -1)
        {
            return "<invalid>";
        }

        var (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
        return seconds switch
        {
            < 0 => "0s",
            < 120 => Unit(seconds, "s"),
            < 600 => Unit(minutes, "m") + Rest(seconds % 60, "s"),
            < 3 * 3600 => Unit(minutes, "m"),
            < 8 * 3600 => Unit(hours, "h") + Rest(minutes % 60, "m"),
            < 48 * 3600 => Unit(hours, "h"),
            < 192 * 3600 => Unit(days, "d") + Rest(hours % 24, "h"),
            < 365L * 2 * 86400 => Unit(days, "d"),
            < 365L * 8 * 86400 => Unit(days / 365, "y") + Rest(days % 365, "d"),
            _ => Unit(days / 365, "y"),
        };
    }

    private static string Unit(long value, string unit) => value.ToString(CultureInfo.InvariantCulture) + unit;

    private static string Rest(long value, string unit) => value == 0 ? "" : Unit(value, unit);
}
