namespace Dataplane.Dns.Configuration;

/// <summary>The rules of <c>rewrite</c> that are about names.</summary>
internal static class RewriteReader
{
    /// <summary><c>rewrite [continue|stop] name [exact|prefix|suffix|substring|regex] FROM TO [answer auto|answer name ...]</c>.</summary>
    internal static RewriteRule Read(CorefileDirective directive)
    {
        var words = directive.Texts().ToList();
        if (directive.Block is [var name, ..] block)
        {
            // What an answer is rewritten to is the name that was asked: it needs no rule of its own.
            words.AddRange([name.Name.Text, .. name.Texts()]);
            if (block.Skip(1).FirstOrDefault(property => property.Name.Text != "answer") is { } other)
            {
                throw other.Unknown("rewrite");
            }
        }

        var goesOn = words is ["continue", ..];
        if (words is ["continue" or "stop", ..])
        {
            words.RemoveAt(0);
        }

        if (words is not ["name", ..])
        {
            throw directive.Error($"rewrite of '{(words.Count > 0 ? words[0] : "")}' is not supported by this server: name is");
        }

        words.RemoveAt(0);
        var match = NameMatch.Exact;
        if (words.Count > 2 && Enum.TryParse(words[0], ignoreCase: true, out match))
        {
            words.RemoveAt(0);
        }

        if (words.Count > 2 && words[2] == "answer")
        {
            words.RemoveRange(2, words.Count - 2);
        }

        if (words is not [var from, var to])
        {
            throw directive.ArgumentError();
        }

        return new RewriteRule(match, match is NameMatch.Exact ? Absolute(from) : from.ToLowerInvariant(), match is NameMatch.Exact or NameMatch.Suffix ? Absolute(to, match) : to, goesOn)
        {
            Pattern = match is NameMatch.Regex ? directive.Pattern("rewrite", from) : null,
        };
    }

    private static string Absolute(string name, NameMatch match = NameMatch.Exact) =>
        (match is NameMatch.Suffix && name.Length == 0) || name.EndsWith('.') ? name.ToLowerInvariant() : name.ToLowerInvariant() + ".";
}
