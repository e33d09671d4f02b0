namespace Dataplane.Dns.Configuration;

/// <summary>A directive: its name, the words on its line, and the directives in its braces.</summary>
internal sealed record CorefileDirective(CorefileWord Name, IReadOnlyList<CorefileWord> Arguments, IReadOnlyList<CorefileDirective>? Block)
{
    /// <summary>An error about this directive, at its line.</summary>
    internal CorefileException Error(string what, string? plugin = null) => CorefileException.At(Name.File, Name.Line, what, plugin ?? Name.Text);

    /// <summary>CoreDNS's words for too few or too many arguments.</summary>
    internal CorefileException ArgumentError(string? plugin = null) =>
        Error($"Wrong argument count or unexpected line ending after '{(Arguments.Count > 0 ? Arguments[^1].Text : Name.Text)}'", plugin);
}

/// <summary>The zones and ports of a server, and what it does.</summary>
internal sealed record CorefileBlock(IReadOnlyList<CorefileWord> Keys, IReadOnlyList<CorefileDirective> Directives);

/// <summary>
/// Reads the structure of a Corefile, whatever its directives are:
/// <code>
/// KEY[, KEY ...] {            (NAME) {  ...  }     a snippet: import NAME puts its directives in its place
///     DIRECTIVE WORD ... {    import FILE...       files, with * and ?, at the top or in a block
///         DIRECTIVE WORD ...
///     }
/// }
/// </code>
/// Braces open at the end of a line and close on a line of their own. One server alone needs none.
/// </summary>
internal sealed class CorefileParser
{
    private const int DeepestImport = 16;

    private readonly Func<string, string?> _environment;
    private readonly Dictionary<string, IReadOnlyList<CorefileDirective>> _snippets = new(StringComparer.Ordinal);

    private readonly ICollection<string>? _sources;

    private CorefileParser(Func<string, string?> environment, ICollection<string>? sources) => (_environment, _sources) = (environment, sources);

    /// <exception cref="CorefileException">Names file and line.</exception>
    internal static List<CorefileBlock> Parse(string text, string file, Func<string, string?> environment, ICollection<string>? sources = null)
    {
        var blocks = new List<CorefileBlock>();
        sources?.Add(text);
        new CorefileParser(environment, sources).ParseTop(text, file, blocks, depth: 0);
        return blocks;
    }

    private void ParseTop(string text, string file, List<CorefileBlock> blocks, int depth)
    {
        var cursor = new Cursor(CorefileLexer.Split(text, file, _environment), file);
        while (!cursor.AtEnd)
        {
            if (cursor.Current is { Text: "import", Quoted: false } import)
            {
                cursor.Advance();
                foreach (var pattern in cursor.RestOfLine(import.Line))
                {
                    foreach (var path in Files(pattern, depth))
                    {
                        ParseTop(Text(path), path, blocks, depth + 1);
                    }
                }

                continue;
            }

            var keys = Keys(cursor);
            IReadOnlyList<CorefileDirective> directives;
            if (!cursor.AtEnd && cursor.Current.Opens)
            {
                cursor.Advance();
                directives = Directives(cursor, depth, untilEnd: false);
            }
            else
            {
                directives = Directives(cursor, depth, untilEnd: true);
            }

            if (keys is [{ Quoted: false } snippet] && snippet.Text.StartsWith('(') && snippet.Text.EndsWith(')'))
            {
                _snippets[snippet.Text[1..^1]] = directives;
            }
            else
            {
                blocks.Add(new CorefileBlock(keys, directives));
            }
        }
    }

    /// <summary>Keys stand on one line, or go on on the next after a comma.</summary>
    private static List<CorefileWord> Keys(Cursor cursor)
    {
        var keys = new List<CorefileWord>();
        var (line, goesOn) = (cursor.Current.Line, false);
        while (!cursor.AtEnd && !cursor.Current.Opens && (cursor.Current.Line == line || goesOn))
        {
            var word = cursor.Current;
            if (word.Closes)
            {
                throw CorefileException.At(word.File, word.Line, "'}' closes nothing");
            }

            (line, goesOn) = (word.Line, word.Text.EndsWith(','));
            keys.AddRange(word.Text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(text => word with { Text = text }));
            cursor.Advance();
        }

        return keys.Count > 0 ? keys : throw CorefileException.At(cursor.File, line, "a server block needs a zone before its '{'");
    }

    private List<CorefileDirective> Directives(Cursor cursor, int depth, bool untilEnd)
    {
        var directives = new List<CorefileDirective>();
        while (true)
        {
            if (cursor.AtEnd)
            {
                return untilEnd ? directives : throw CorefileException.At(cursor.File, cursor.LastLine, "Unexpected EOF");
            }

            var name = cursor.Current;
            cursor.Advance();
            if (name.Closes)
            {
                return untilEnd ? throw CorefileException.At(name.File, name.Line, "'}' closes nothing") : directives;
            }

            if (name.Opens)
            {
                throw CorefileException.At(name.File, name.Line, "Unexpected token '{', expecting a directive");
            }

            var arguments = cursor.RestOfLine(name.Line);
            var opens = arguments.Count > 0 && arguments[^1].Opens;
            if (opens)
            {
                arguments.RemoveAt(arguments.Count - 1);
            }

            var block = opens ? Directives(cursor, depth, untilEnd: false) : null;
            if (name is { Text: "import", Quoted: false })
            {
                Import(arguments, name, directives, depth);
            }
            else
            {
                directives.Add(new CorefileDirective(name, arguments, block));
            }
        }
    }

    private void Import(List<CorefileWord> arguments, CorefileWord name, List<CorefileDirective> directives, int depth)
    {
        if (arguments.Count == 0)
        {
            throw CorefileException.At(name.File, name.Line, "Wrong argument count or unexpected line ending after 'import'");
        }

        if (_snippets.TryGetValue(arguments[0].Text, out var snippet))
        {
            directives.AddRange(snippet);
            return;
        }

        foreach (var path in Files(arguments[0], depth))
        {
            directives.AddRange(Directives(new Cursor(CorefileLexer.Split(Text(path), path, _environment), path), depth + 1, untilEnd: true));
        }
    }

    private string Text(string path)
    {
        var text = File.ReadAllText(path);
        _sources?.Add(path);
        _sources?.Add(text);
        return text;
    }

    /// <summary>A pattern that matches nothing imports nothing; a file that is not there is an error.</summary>
    private static IEnumerable<string> Files(CorefileWord pattern, int depth)
    {
        var path = Path.GetFullPath(pattern.Text, Path.GetDirectoryName(Path.GetFullPath(pattern.File))!);
        if (depth >= DeepestImport)
        {
            throw CorefileException.At(pattern.File, pattern.Line, $"imports go deeper than {DeepestImport}: does {pattern.Text} import itself?");
        }

        if (path.AsSpan().IndexOfAny('*', '?') >= 0)
        {
            var directory = Path.GetDirectoryName(path)!;
            return Directory.Exists(directory) ? Directory.GetFiles(directory, Path.GetFileName(path)).Order(StringComparer.Ordinal) : [];
        }

        return File.Exists(path) ? [path] : throw CorefileException.At(pattern.File, pattern.Line, $"File to import not found: {pattern.Text}");
    }

    private sealed class Cursor(List<CorefileWord> words, string file)
    {
        private int _at;

        internal string File => file;

        internal bool AtEnd => _at == words.Count;

        internal CorefileWord Current => words[_at];

        internal int LastLine => words.Count == 0 ? 1 : words[^1].Line;

        internal void Advance() => _at++;

        internal List<CorefileWord> RestOfLine(int line)
        {
            var rest = new List<CorefileWord>();
            for (; _at < words.Count && words[_at].Line == line && !words[_at].Closes; _at++)
            {
                rest.Add(words[_at]);
                if (words[_at].Opens)
                {
                    _at++;
                    break;
                }
            }

            return rest;
        }
    }
}
