using System.Text;
using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Resources.Pods;

/// <summary>Which fields of two specs differ, one on a line: "-" as it was, "+" as it would be. Messages show it for people; no program reads it.</summary>
internal static class SpecDifference
{
    /// <returns>Null when they are equal.</returns>
    public static string? Between(JsonObject before, JsonObject after)
    {
        if (JsonNode.DeepEquals(before, after))
        {
            return null;
        }

        var lines = new StringBuilder();
        Compare(before, after, "", lines);
        return lines.ToString();
    }

    private static void Compare(JsonNode? before, JsonNode? after, string path, StringBuilder lines)
    {
        if (JsonNode.DeepEquals(before, after))
        {
            return;
        }

        switch (before, after)
        {
            case (JsonObject left, JsonObject right):
                foreach (var name in left.Select(field => field.Key).Union(right.Select(field => field.Key)))
                {
                    Compare(left[name], right[name], path.Length == 0 ? name : $"{path}.{name}", lines);
                }

                break;
            case (JsonArray left, JsonArray right) when left.Count == right.Count:
                for (var i = 0; i < left.Count; i++)
                {
                    Compare(left[i], right[i], $"{path}[{i}]", lines);
                }

                break;
            default:
                Line('-', before);
                Line('+', after);
                break;
        }

        void Line(char sign, JsonNode? value)
        {
            if (value is not null)
            {
                lines.Append("  ").Append(sign).Append(' ').Append(path).Append(": ").Append(value.ToJsonString()).Append('\n');
            }
        }
    }
}
