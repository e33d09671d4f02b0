using Dataplane.Dns.Server;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Configuration;

/// <summary><c>log [NAME...] [FORMAT] { class CLASS... }</c>: a last word with a brace in it is the format.</summary>
internal static class LogReader
{
    private const string Plugin = "log";

    internal static LogRule Read(CorefileDirective directive)
    {
        var words = directive.Texts();
        var format = words.Length > 0 && words[^1].Contains('{', StringComparison.Ordinal) ? new LogFormat(words[^1]) : null;
        var names = format is null ? words : words[..^1];
        LogClass classes = 0;
        foreach (var property in directive.Properties())
        {
            foreach (var word in property.Name.Text == "class" ? property.Some(Plugin) : throw property.Unknown(Plugin))
            {
                classes |= word switch
                {
                    "all" => LogClass.All,
                    "denial" => LogClass.Denial,
                    "error" => LogClass.Error,
                    "success" => LogClass.Success,
                    _ => throw property.Error($"invalid Class: {word}", Plugin),
                };
            }
        }

        return new LogRule(directive.ZonesOr(Plugin, names, [NameSuffix.Root]), classes == 0 ? LogClass.All : classes, format ?? LogFormat.Common);
    }
}
