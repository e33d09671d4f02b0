using System.Text;

namespace Dataplane.Dns.Configuration;

/// <summary>One word of a Corefile.</summary>
/// <param name="Text">Without its quotes.</param>
/// <param name="File">As it was opened.</param>
/// <param name="Line">From 1.</param>
/// <param name="Quoted">Whether it was in quotes: then a brace is only a brace.</param>
internal readonly record struct CorefileWord(string Text, string File, int Line, bool Quoted)
{
    internal bool Opens => !Quoted && Text == "{";

    internal bool Closes => !Quoted && Text == "}";
}

/// <summary>
/// Splits a Corefile into words: white space separates, <c>#</c> at the start of a word comments out the rest of the line, quotes hold
/// white space, and <c>\"</c> is a quote within them. Words with <c>{$NAME}</c> or <c>{%NAME%}</c> take in an environment variable.
/// </summary>
internal static class CorefileLexer
{
    internal static List<CorefileWord> Split(string text, string file, Func<string, string?> environment)
    {
        var words = new List<CorefileWord>();
        var line = 1;
        for (var at = 0; at < text.Length;)
        {
            var character = text[at];
            if (char.IsWhiteSpace(character))
            {
                line += character == '\n' ? 1 : 0;
                at++;
            }
            else if (character == '#')
            {
                at = text.IndexOf('\n', at) is >= 0 and var end ? end : text.Length;
            }
            else if (character == '"')
            {
                var start = line;
                words.Add(new CorefileWord(Expand(Quoted(text, ref at, ref line, file), environment), file, start, Quoted: true));
            }
            else
            {
                var start = at;
                while (at < text.Length && !char.IsWhiteSpace(text[at]))
                {
                    at++;
                }

                words.Add(new CorefileWord(Expand(text[start..at], environment), file, line, Quoted: false));
            }
        }

        return words;
    }

    private static string Quoted(string text, ref int at, ref int line, string file)
    {
        var (word, start) = (new StringBuilder(), line);
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '"')
            {
                at++;
                return word.ToString();
            }

            if (text[at] == '\\' && at + 1 < text.Length && text[at + 1] == '"')
            {
                at++;
            }

            line += text[at] == '\n' ? 1 : 0;
            word.Append(text[at]);
        }

        throw CorefileException.At(file, start, "a quote is not closed");
    }

    private static string Expand(string word, Func<string, string?> environment) =>
        Expand(Expand(word, "{$", "}", environment), "{%", "%}", environment);

    /// <summary>What a variable brings in is not looked through again.</summary>
    private static string Expand(string word, string opening, string closing, Func<string, string?> environment)
    {
        var from = 0;
        while (word.IndexOf(opening, from, StringComparison.Ordinal) is >= 0 and var start
            && word.IndexOf(closing, start + opening.Length, StringComparison.Ordinal) is >= 0 and var end)
        {
            var value = environment(word[(start + opening.Length)..end]) ?? "";
            word = word[..start] + value + word[(end + closing.Length)..];
            from = start + value.Length;
        }

        return word;
    }
}
