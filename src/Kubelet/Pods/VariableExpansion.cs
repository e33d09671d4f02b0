using System.Text;

namespace Dataplane.Kubelet.Pods;

/// <summary>
/// <c>$(NAME)</c> in commands, arguments and values. <c>$$</c> is a dollar; a name that is not there stays as written.
/// Source: the EnvVar.value and Container.command fields of the API reference.
/// </summary>
internal static class VariableExpansion
{
    /// <summary>Expands where a name that is not there is an error.</summary>
    /// <exception cref="ConfigurationException">Names it.</exception>
    internal static string ExpandAll(string text, IReadOnlyDictionary<string, string> variables) =>
        Expand(text, variables, static name => throw new ConfigurationException($"missing value for \"{name}\""));

    internal static string Expand(string text, IReadOnlyDictionary<string, string> variables, Action<string>? missing = null)
    {
        if (!text.Contains('$', StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '$' || i + 1 == text.Length)
            {
                result.Append(text[i]);
                continue;
            }

            if (text[i + 1] == '$')
            {
                result.Append('$');
                i++;
                continue;
            }

            var end = text[i + 1] == '(' ? text.IndexOf(')', i + 2) : -1;
            if (end < 0)
            {
                result.Append('$');
                continue;
            }

            var name = text[(i + 2)..end];
            if (!variables.TryGetValue(name, out var value))
            {
                missing?.Invoke(name);
                value = text[i..(end + 1)];
            }

            result.Append(value);
            i = end;
        }

        return result.ToString();
    }
}
