using System.Text;
using Dataplane.ControlPlane.CustomResources.Schemas;

namespace Dataplane.ControlPlane.CustomResources.Rules;

/// <summary>The fieldPath of a rule: ".spec.replicas" or "['odd.name']".</summary>
internal static class RulePath
{
    /// <summary>The path as errors show it, without a dot in front; null when it leads to no field of the schema.</summary>
    public static string? Read(string path, StructuralSchema schema)
    {
        var shown = new StringBuilder();
        var at = 0;
        while (at < path.Length)
        {
            var name = path[at] switch
            {
                '.' => Plain(path, ref at),
                '[' => Quoted(path, ref at),
                _ => null,
            };
            if (name is null)
            {
                return null;
            }

            if (schema.Properties.Count > 0)
            {
                if (!schema.Properties.TryGetValue(name, out var property))
                {
                    return null;
                }

                shown.Append(shown.Length > 0 ? "." : "").Append(name);
                schema = property;
            }
            else if (schema.AdditionalProperties is { } additional)
            {
                shown.Append('[').Append(name).Append(']');
                schema = additional;
            }
            else
            {
                return null;
            }
        }

        return shown.ToString();
    }

    private static string? Plain(string path, ref int at)
    {
        var end = path.AsSpan(at + 1).IndexOfAny('.', '[', ']') is var found and >= 0 ? at + 1 + found : path.Length;
        var name = path[(at + 1)..end];
        at = end;
        return name.Length > 0 ? name : null;
    }

    private static string? Quoted(string path, ref int at)
    {
        if (at + 1 >= path.Length || path[at + 1] != '\'')
        {
            return null;
        }

        var name = new StringBuilder();
        for (at += 2; at < path.Length && path[at] != '\''; at++)
        {
            if (path[at] == '\\' && at + 1 < path.Length)
            {
                at++;
            }

            name.Append(path[at]);
        }

        if (!path.AsSpan(Math.Min(at, path.Length)).StartsWith("']"))
        {
            return null;
        }

        at += 2;
        return name.ToString();
    }
}
