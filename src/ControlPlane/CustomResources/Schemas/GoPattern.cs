using System.Text;
using System.Text.RegularExpressions;

namespace Dataplane.ControlPlane.CustomResources.Schemas;

/// <summary>
/// Patterns of Go's regexp package. They run in time linear to the text, as there: a pattern is written by whoever may create a
/// CustomResourceDefinition.
/// </summary>
internal static class GoPattern
{
    /// <exception cref="ArgumentException">Not a regular expression, or one with what RE2 does not have either (lookaround).</exception>
    public static Regex Compile(string pattern)
    {
        try
        {
            return new Regex(Translate(pattern), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (NotSupportedException failure)
        {
            throw new ArgumentException(failure.Message, failure);
        }
    }

    // Go's $ is the end of the text, .NET's also the place before a last line break; named groups are (?P<name>...).
    private static string Translate(string pattern)
    {
        var translated = new StringBuilder();
        var inClass = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '\\' when i + 1 < pattern.Length:
                    translated.Append(pattern[i]).Append(pattern[++i]);
                    continue;
                case '[' when !inClass:
                    inClass = true;
                    break;
                case ']' when inClass:
                    inClass = false;
                    break;
                case '$' when !inClass:
                    translated.Append(@"\z");
                    continue;
                case '(' when !inClass && pattern.AsSpan(i).StartsWith("(?P<"):
                    translated.Append("(?");
                    i += 2;
                    continue;
            }

            translated.Append(pattern[i]);
        }

        return translated.ToString();
    }
}
